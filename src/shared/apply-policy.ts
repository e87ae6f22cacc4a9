import type { FileRule } from './domain/files.ts'
import { IsolationLevel, mayHaveImage } from './domain/isolation.ts'
import { LIMIT_KEYS, type Limits } from './domain/limits.ts'
import { ASKED_FOR } from './domain/network-mode.ts'
import type { PolicyFile } from './domain/policy-file.ts'
import type { SessionSpec } from './domain/session.ts'

export interface Governed {
  readonly spec: SessionSpec
  /** What it changed, in words. */
  readonly applied: readonly string[]
  /** What it would have widened, were it trusted. */
  readonly held: readonly string[]
}

/** Closed is narrower than what is listed, and that than being asked. */
const NETWORKS = ['closed', 'deny', 'ask'] as const

/**
 * Holds a session to a workspace's policy. Whatever it says, a session is never wider than it was asked
 * for, unless the person trusts that very text. Pure.
 */
export function applyPolicy(asked: SessionSpec, policy: PolicyFile, isTrusted: boolean): Governed {
  const applied: string[] = []
  const held: string[] = []
  let spec = asked
  const change = (words: string, patch: Partial<SessionSpec>): void => {
    spec = { ...spec, ...patch }
    applied.push(words)
  }
  const widen = (words: string, patch: Partial<SessionSpec>): void => {
    if (isTrusted) change(words, patch)
    else held.push(words)
  }

  const levels = IsolationLevel.options
  if (policy.level && levels.indexOf(policy.level) > levels.indexOf(spec.level))
    change(`Level: ${policy.level}`, { level: policy.level, acknowledgement: null })
  const network = policy.network && ASKED_FOR[policy.network]
  if (network && NETWORKS.indexOf(network) < NETWORKS.indexOf(spec.network))
    change(`Network: ${policy.network}`, { network })
  const deny = missing(policy.deny, spec.denies)
  if (deny.length > 0)
    change(`Never reached: ${deny.join(', ')}`, { denies: [...spec.denies, ...deny] })
  const allow = missing(policy.allow, spec.grants)
  if (allow.length > 0)
    widen(`Reached unasked: ${allow.join(', ')}`, { grants: [...spec.grants, ...allow] })
  if (policy.maskSecrets && !spec.maskSecrets) change('Secrets look empty', { maskSecrets: true })
  if (policy.inspectTls && !spec.inspectTls) widen('TLS is looked into', { inspectTls: true })
  const limits = lower(spec.limits, policy.limits ?? {})
  if (limits) change(`Limits: ${Object.keys(policy.limits ?? {}).join(', ')}`, { limits })
  for (const rule of policy.files ?? []) {
    const before = spec.files.find(({ path }) => path === rule.path)
    if (before?.access === rule.access) continue
    const files = [...spec.files.filter(({ path }) => path !== rule.path), rule]
    const words = `${rule.path}: ${rule.access}`
    if (isNarrower(rule, before, spec.maskSecrets)) change(words, { files })
    else widen(words, { files })
  }
  const variables = missing(
    policy.variables,
    spec.variables.map(({ name }) => name),
  )
  if (variables.length > 0)
    widen(`Variables: ${variables.join(', ')}`, {
      variables: [
        ...spec.variables,
        ...variables.map((name) => ({ name, source: 'machine' as const, isSecret: true })),
      ],
    })
  const isDev = spec.level === 'container' && spec.devContainer !== null
  if (policy.image && mayHaveImage(spec.level) && spec.image === null && !isDev)
    widen(`Image: ${policy.image}`, { image: policy.image })
  return { spec, applied, held }
}

const missing = (wanted: readonly string[] | undefined, known: readonly string[]): string[] =>
  (wanted ?? []).filter((item) => !known.includes(item))

/** null: nothing is lower than it was. */
function lower(now: Limits, wanted: NonNullable<PolicyFile['limits']>): Limits | null {
  const limits = { ...now }
  let isLower = false
  for (const key of Object.values(LIMIT_KEYS)) {
    const value = wanted[key]
    if (value === undefined || value === null) continue
    const known = limits[key]
    if (known !== null && known <= value) continue
    limits[key] = value
    isLower = true
  }
  return isLower ? limits : null
}

/**
 * Hiding is always narrower, except that what cannot be opened is not made to look empty. Reading is where a path of
 * the workspace could be written, unless it might be one that looks empty.
 */
function isNarrower(
  { path, access }: FileRule,
  before: FileRule | undefined,
  masksSecrets: boolean,
): boolean {
  if (access === 'deny') return true
  if (access === 'mask') return before?.access !== 'deny'
  const isInside = !path.startsWith('/') && !path.startsWith('~') && !path.split('/').includes('..')
  return access === 'read' && isInside && !masksSecrets && (!before || before.access === 'write')
}
