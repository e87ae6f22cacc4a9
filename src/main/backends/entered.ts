import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { err, ok, type Result } from '../../shared/result.ts'
import { splitStat } from '../core/proc-stat.ts'
import type { Entered } from '../core/terminal-port.ts'
import { childrenOf, type KernelFacts, NAMESPACES, readKernelFacts } from './kernel-facts.ts'
import { identify, type ProcessIdentity, signalProcess } from './process-identity.ts'

/** The shells of a further terminal, of which the first that is there runs. `wanted`: the person's own. */
export const shellsToTry = (wanted: string | null, own: string): string[] => [
  ...(wanted === null ? [] : [wanted]),
  ...[own, '/bin/sh'],
]

/** How programs are looked at from outside, by the kernel they run on. null: gone, or hidden. */
export interface SeenKernel {
  identify(pid: number): Promise<ProcessIdentity | null>
  children(pid: number): Promise<readonly number[]>
  facts(pid: number): Promise<KernelFacts | null>
  /** A file of its in /proc. */
  read(pid: number, name: 'stat' | 'status' | 'cgroup'): Promise<string | null>
  signal(program: ProcessIdentity, signal: 'SIGHUP' | 'SIGKILL' | 'SIGCONT'): Promise<void>
  /** Milliseconds a program may take to stand inside. */
  readonly enterMs: number
  /** Milliseconds between two looks. */
  readonly pollMs: number
}

export const MACHINE_KERNEL: SeenKernel = {
  ...{ identify, children: childrenOf, facts: readKernelFacts, signal: signalProcess },
  read: (pid, name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => null),
  ...{ enterMs: 15_000, pollMs: 2 },
}

export interface Entering {
  readonly kernel: SeenKernel
  /** Pid of the sandbox's first process, whose first child is the agent. */
  readonly first: number
  /** Pid of the program that stops itself inside; null: there is none yet. */
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
  const { kernel, admit, exited } = entering
  const signal = AbortSignal.any([exited, AbortSignal.timeout(kernel.enterMs)])
  const stopped = await waitForStop(entering, signal)
  if (!stopped)
    return err(exited.aborted ? '' : `It was not ready after ${kernel.enterMs / 1000} seconds.`)
  try {
    await admit(stopped.pid)
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    return err(`The session’s limits could not be set for it: ${words}.`)
  }
  const why = await whyNotAlike(entering, stopped.pid)
  if (why !== null) return err(`It does not stand as the agent does: ${why}.`)
  return ok(enteredAs(stopped, kernel))
}

/** The same process at each signal, or none. */
export const enteredAs = (
  program: ProcessIdentity,
  kernel: Pick<SeenKernel, 'signal'> = MACHINE_KERNEL,
): Entered => ({
  pid: program.pid,
  release: () => kernel.signal(program, 'SIGCONT'),
  signal: (signal) => kernel.signal(program, signal),
})

async function waitForStop(
  { kernel, find }: Pick<Entering, 'kernel' | 'find'>,
  signal: AbortSignal,
): Promise<ProcessIdentity | null> {
  while (!signal.aborted) {
    const pid = await find()
    const program = pid === null ? null : await kernel.identify(pid)
    if (program && splitStat((await kernel.read(program.pid, 'stat')) ?? '')?.state === 'T')
      return program
    await sleep(kernel.pollMs)
  }
  return null
}

/** null: it is held exactly as the agent, and has no more rights. */
async function whyNotAlike(
  { kernel, first }: Pick<Entering, 'kernel' | 'first'>,
  pid: number,
): Promise<string | null> {
  const [agent] = await kernel.children(first)
  if (agent === undefined) return 'the agent has ended'
  const [theirs, its] = await Promise.all([kernel.facts(agent), kernel.facts(pid)])
  if (!theirs) return 'the agent cannot be looked at'
  if (!its) return 'it cannot be looked at'
  const differs = difference(theirs, its)
  if (differs !== null) return differs
  const isSame = async (name: 'status' | 'cgroup', part: (text: string) => string) => {
    const [one, other] = await Promise.all([kernel.read(agent, name), kernel.read(pid, name)])
    return one !== null && other !== null && part(one) === part(other)
  }
  if (!(await isSame('status', usersOf))) return 'it is another user'
  return (await isSame('cgroup', (text) => text)) ? null : 'it is in other control groups'
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

/** Real, effective, saved and for files: of the user and of the group. */
const usersOf = (status: string): string =>
  status
    .split('\n')
    .filter((line) => /^[UG]id:/.test(line))
    .join(' ')
