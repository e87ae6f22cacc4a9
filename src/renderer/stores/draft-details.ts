import { create } from 'zustand'
import type { AgentId } from '../../shared/domain/agent.ts'
import type { DevContainerChoice } from '../../shared/domain/dev-container.ts'
import type { FileAccess, FileRule } from '../../shared/domain/files.ts'
import { type IsolationLevel, mayHaveImage } from '../../shared/domain/isolation.ts'
import { LIMIT_KEYS, type LimitName, type Limits, NO_LIMITS } from '../../shared/domain/limits.ts'
import { HostPattern } from '../../shared/domain/policy.ts'
import { type BASIC_SPEC, mayLearn, type SessionSpec } from '../../shared/domain/session.ts'
import type { VariableGrant } from '../../shared/domain/variables.ts'
import type { PolicyFile } from '../../shared/domain/policy-file.ts'
import { MOST_RULES } from '../words/file-rules.ts'
import { LIMIT_NAMES, LIMITS, readLimit } from '../words/limits.ts'

export interface DraftRule {
  /** Of this row alone, for as long as the form lives. */
  readonly key: number
  readonly path: string
  readonly access: FileAccess
  /** The field was left once, so an empty one is no longer just about to be typed into. */
  readonly isLeft: boolean
}

/** null: as the machine's default. */
export interface DraftLimit {
  readonly isOn: boolean | null
  readonly text: string | null
}

interface DetailsState {
  readonly rules: readonly DraftRule[]
  /** Hosts that are never reached; a profile's. */
  readonly denies: readonly string[]
  readonly maskSecrets: boolean
  readonly learn: boolean
  readonly variables: readonly VariableGrant[]
  readonly inspectTls: boolean
  /** Whose programs a container or a virtual machine has; null: this machine's. */
  readonly image: string | null
  /** Whose image it is, and whose commands run first; null: none. */
  readonly devContainer: DevContainerChoice | null
  readonly limits: Readonly<Record<LimitName, DraftLimit>>
}

export const AS_DEFAULT: DraftLimit = { isOn: null, text: null }

const EMPTY: DetailsState = {
  rules: [],
  denies: [],
  maskSecrets: false,
  learn: false,
  variables: [],
  inspectTls: false,
  image: null,
  devContainer: null,
  limits: { cpu: AS_DEFAULT, memory: AS_DEFAULT, processes: AS_DEFAULT, disk: AS_DEFAULT },
}

/** The parts of a new session that a person need not think about. */
export const useDetails = create<DetailsState>(() => EMPTY)

export const setDetails = (patch: Partial<DetailsState>): void => useDetails.setState(patch)

export const resetDetails = (): void => useDetails.setState(EMPTY, true)

/** The parts of a policy that are details of a session; what it does not name is as at first. */
export function detailsOf(policy: PolicyFile): void {
  const { files = [], deny = [], variables = [], limits = {}, image } = policy
  useDetails.setState({
    ...EMPTY,
    rules: files.map((rule) => ({ ...rule, key: ++lastKey, isLeft: true })),
    denies: deny,
    maskSecrets: policy.maskSecrets ?? false,
    inspectTls: policy.inspectTls ?? false,
    image: image ?? null,
    variables: variables.map((name) => ({ name, source: 'machine', isSecret: true })),
    limits: {
      cpu: draftLimit('cpu', limits.cpuPercent),
      memory: draftLimit('memory', limits.memoryBytes),
      processes: draftLimit('processes', limits.processes),
      disk: draftLimit('disk', limits.diskBytes),
    },
  })
}

const draftLimit = (limit: LimitName, value: number | null | undefined): DraftLimit =>
  value === undefined
    ? AS_DEFAULT
    : { isOn: value !== null, text: value === null ? null : LIMITS[limit].write(value) }

let lastKey = 0

/** Returns the key of the new row; null: there are as many as there may be. */
export function addRule(): number | null {
  const { rules } = useDetails.getState()
  if (rules.length >= MOST_RULES) return null
  const key = ++lastKey
  setDetails({ rules: [...rules, { key, path: '', access: 'read', isLeft: false }] })
  return key
}

export const changeRule = (key: number, patch: Partial<Omit<DraftRule, 'key'>>): void =>
  useDetails.setState(({ rules }) => ({
    rules: rules.map((rule) => (rule.key === key ? { ...rule, ...patch } : rule)),
  }))

export const removeRule = (key: number): void =>
  useDetails.setState(({ rules }) => ({ rules: rules.filter((rule) => rule.key !== key) }))

export const changeLimit = (limit: LimitName, patch: Partial<DraftLimit>): void =>
  useDetails.setState(({ limits }) => ({
    limits: { ...limits, [limit]: { ...limits[limit], ...patch } },
  }))

/** A limit as its row shows it. */
export function limitRow(
  limit: LimitName,
  { isOn, text }: DraftLimit,
  defaults: Limits,
): { readonly isOn: boolean; readonly text: string; readonly problem: string | null } {
  const { write, start } = LIMITS[limit]
  const key = LIMIT_KEYS[limit]
  const shown = text ?? write(defaults[key] ?? start)
  const on = isOn ?? defaults[key] !== null
  const read = on && text !== null ? readLimit(limit, text) : null
  return { isOn: on, text: shown, problem: read && !read.ok ? read.error : null }
}

/** What is asked for; a limit that cannot be read counts as none, and stops the start. */
export function limitsOf(limits: DetailsState['limits'], defaults: Limits): Limits {
  const asked = { ...NO_LIMITS }
  for (const limit of LIMIT_NAMES) {
    const { start } = LIMITS[limit]
    const key = LIMIT_KEYS[limit]
    const { isOn, text } = limits[limit]
    if (!(isOn ?? defaults[key] !== null)) continue
    // Untouched it is the default itself, which its text may have rounded.
    const read = text === null ? null : readLimit(limit, text)
    asked[key] = read === null ? (defaults[key] ?? start) : read.ok ? read.value : null
  }
  return asked
}

interface Circumstances {
  readonly level: IsolationLevel
  readonly defaults: Limits
}

/** Without a boundary there is nothing that could hold a file rule or a limit. */
export function specOfDetails(
  {
    rules,
    denies,
    maskSecrets,
    learn,
    variables,
    inspectTls,
    image,
    devContainer,
    limits,
  }: DetailsState,
  { level, defaults }: Circumstances,
): Omit<Pick<SessionSpec, keyof typeof BASIC_SPEC>, 'args' | 'innerSandbox'> {
  const isBound = level !== 'unconfined'
  return {
    files: isBound ? rules.map(({ path, access }): FileRule => ({ path, access })) : [],
    denies: isBound ? [...denies] : [],
    maskSecrets: isBound && maskSecrets,
    learn: mayLearn(level) && learn,
    variables: [...variables],
    inspectTls: isBound && inspectTls,
    image: mayHaveImage(level) ? image : null,
    devContainer: level === 'container' ? devContainer : null,
    limits: isBound ? limitsOf(limits, defaults) : NO_LIMITS,
  }
}

/** Why the hosts of a stand-in cannot be used; null: they can, or there is none. */
export function standInProblem({ name, standInFor }: VariableGrant): string | null {
  if (standInFor === undefined) return null
  if (standInFor.length === 0) return `${name}: say at which hosts the gateway may use it.`
  const wrong = standInFor.find((host) => !HostPattern.safeParse(host).success)
  return wrong === undefined ? null : `${name}: ${wrong} is no host, such as api.example.org.`
}

/** Agents that can confine their own commands. */
export const hasOwnSandbox = (agent: AgentId | null): boolean =>
  agent === 'claude-code' || agent === 'codex'
