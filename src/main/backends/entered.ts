import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { err, ok, type Result } from '../../shared/result.ts'
import { splitStat } from '../core/proc-stat.ts'
import type { Entered } from '../core/terminal-port.ts'
import { childrenOf, type KernelFacts, NAMESPACES, readKernelFacts } from './kernel-facts.ts'
import { identify, type ProcessIdentity, signalProcess } from './process-identity.ts'

/** Milliseconds a program may take to stand inside. */
const ENTER_MS = 15_000
const POLL_MS = 2

/** The shells of a further terminal, of which the first that is there runs. `wanted`: the person's own. */
export const shellsToTry = (wanted: string | null, own: string): string[] => [
  ...(wanted === null ? [] : [wanted]),
  ...[own, '/bin/sh'],
]

export interface Entering {
  /** Host pid of the sandbox's first process, whose first child is the agent. */
  readonly first: number
  /** Host pid of the program that stops itself inside; null: there is none yet. */
  readonly find: () => Promise<number | null>
  /** Puts it where the session's limits are. */
  readonly admit: (pid: number) => Promise<void>
  /** Aborted when whoever starts it ended. */
  readonly exited: AbortSignal
}

/**
 * Waits for a program that entered a sandbox and stopped itself, and looks at it from outside: what is
 * not exactly as the agent is does not get to run. The caller ends it then.
 */
export async function joinEntered(entering: Entering): Promise<Result<Entered, string>> {
  const { first, admit, exited } = entering
  const signal = AbortSignal.any([exited, AbortSignal.timeout(ENTER_MS)])
  const stopped = await waitForStop(entering.find, signal)
  if (!stopped)
    return err(exited.aborted ? '' : `It was not ready after ${ENTER_MS / 1000} seconds.`)
  try {
    await admit(stopped.pid)
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    return err(`The session’s limits could not be set for it: ${words}.`)
  }
  const why = await whyNotAlike(first, stopped.pid)
  if (why !== null) return err(`It does not stand as the agent does: ${why}.`)
  return ok(enteredAs(stopped))
}

/** The same process at each signal, or none. */
export const enteredAs = (program: ProcessIdentity): Entered => ({
  pid: program.pid,
  release: () => signalProcess(program, 'SIGCONT'),
  signal: (signal) => signalProcess(program, signal),
})

async function waitForStop(
  find: Entering['find'],
  signal: AbortSignal,
): Promise<ProcessIdentity | null> {
  while (!signal.aborted) {
    const pid = await find()
    const program = pid === null ? null : await identify(pid)
    if (program && (await stateOf(program.pid)) === 'T') return program
    await sleep(POLL_MS)
  }
  return null
}

const stateOf = async (pid: number): Promise<string | null> =>
  splitStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))?.state ?? null

/** null: it is held exactly as the agent, and has no more rights. */
async function whyNotAlike(first: number, pid: number): Promise<string | null> {
  const [agent] = await childrenOf(first)
  if (agent === undefined) return 'the agent has ended'
  const [theirs, its, groups, itsGroups] = await Promise.all([
    readKernelFacts(agent),
    readKernelFacts(pid),
    groupsOf(agent),
    groupsOf(pid),
  ])
  if (!theirs) return 'the agent cannot be looked at'
  if (!its) return 'it cannot be looked at'
  return difference(theirs, its) ?? (groups === itsGroups ? null : 'it is in other control groups')
}

/** Pure. null: none that counts. */
export function difference(agent: KernelFacts, its: KernelFacts): string | null {
  for (const name of NAMESPACES)
    if (its.namespaces[name] !== agent.namespaces[name]) return `its ${name} namespace is another`
  if (its.seccomp !== '2') return 'no system-call filter holds it'
  if (its.noNewPrivs !== '1') return 'it could gain rights'
  if (its.capabilities.some((mask) => !/^0+$/.test(mask))) return 'it has rights of its own'
  return null
}

/** By hierarchy. An error is no answer that another could be equal to. */
const groupsOf = async (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => `${pid} is gone`)
