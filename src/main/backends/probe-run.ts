import type { AxisReport } from '../../shared/domain/isolation.ts'
import type { PlanInput } from '../core/isolation/plan.ts'
import type { FileEntry } from './files/entries.ts'
import { type Identity, misplaced, uncovered } from './files/mounted.ts'
import { childrenOf, readKernelFacts } from './kernel-facts.ts'
import type { NetworkCanary } from './network-canary.ts'
import { type Canaries, parseReport, placeCanaries } from './probe-canaries.ts'
import { PROBE_AGAIN_SCRIPT } from './probe-script.ts'
import { type Findings, judge } from './probe-verdicts.ts'
import { makeRunFolder } from './run-folder.ts'
import { run } from './spawn.ts'

/** What a sandbox was planned to be: the measure of every probe of it. */
export interface Planned {
  readonly plan: PlanInput
  /** Names of the variables inside. */
  readonly variables: readonly string[]
  readonly entries: readonly FileEntry[]
  readonly identities: readonly Identity[]
  /** Folders of the machine that exist inside; canaries lie elsewhere. */
  readonly visible: readonly string[]
}

/** A folder in which nothing can be made; the probe tries to. Empty: the plan has none. */
export const protectedFolder = ({ entries }: Pick<Planned, 'entries'>): string =>
  entries.find(({ access, kind }) => access === 'read' && kind === 'folder')?.path ?? ''

/** `first`: host pid of the sandbox's first process, whose child is the probe or the agent. */
export async function judgeSandbox(
  planned: Planned,
  first: number,
  canaries: Canaries,
  said: Pick<Findings, 'report' | 'isFresh' | 'direct'>,
): Promise<AxisReport[]> {
  const [inner] = await childrenOf(first)
  const [seen, own, inside, words] = await Promise.all([
    canaries.observe(),
    readKernelFacts('self'),
    inner === undefined ? null : readKernelFacts(inner),
    inner === undefined ? [] : misplaced(inner, planned.identities),
  ])
  return judge({
    ...said,
    plan: planned.plan,
    entries: planned.entries,
    variables: planned.variables,
    secret: canaries.secret,
    seen,
    inside,
    misplaced: words,
    own,
    atMs: Date.now(),
  })
}

const AGAIN_MS = 10_000

/** Runs a program in a running sandbox, under its filter, and resolves with what it said. */
export type RunInside = (words: readonly string[]) => Promise<string>

/** Tries a running sandbox again. */
export async function probeAgain(
  planned: Planned,
  first: number,
  canary: NetworkCanary,
  runInside: RunInside,
): Promise<AxisReport[]> {
  const look = canary.look()
  const folder = await makeRunFolder(planned.visible)
  const canaries = await placeCanaries(folder.path)
  try {
    const shell = ['/bin/sh', '-c', PROBE_AGAIN_SCRIPT, 'cloche-probe']
    const said = await runInside([...shell, ...canaries.args, protectedFolder(planned)])
    const report = parseReport(said) ?? new Map<string, string>()
    const direct = await look.seen(report.get('direct'))
    return await judgeSandbox(planned, first, canaries, { report, isFresh: false, direct })
  } finally {
    look.end()
    await canaries.close()
    await folder.remove()
  }
}

/**
 * In its mounts, network and user table, but outside its process table: the agent can neither see
 * the program nor touch it.
 */
export const enterSpaces =
  (first: number): RunInside =>
  async (words) => {
    const spaces = ['-t', String(first), '-U', '-m', '-n', '-i', '-u', '--preserve-credentials']
    const args = [...spaces, '--', ...withoutPrivileges(), ...words]
    return (await run('nsenter', args, { timeoutMs: AGAIN_MS })).stdout
  }

/** A program that is gone has nothing to drift. */
export async function hasDrifted({ entries }: Planned, first: number): Promise<boolean> {
  const [inner] = await childrenOf(first)
  const facts = inner === undefined ? null : await readKernelFacts(inner)
  if (facts === null) return false
  const isWhole = uncovered(entries, facts.mounts).length === 0
  return !isWhole || facts.seccomp !== '2' || facts.interfaces.join() !== 'lo'
}

/** An ordinary user loses them at the next program; root, who entered with all, does not. */
const withoutPrivileges = (): string[] =>
  process.getuid?.() === 0
    ? ['setpriv', '--no-new-privs', '--bounding-set', '-all', '--inh-caps', '-all', '--']
    : []
