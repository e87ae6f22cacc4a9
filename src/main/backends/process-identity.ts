import { childrenOf, startTicks } from './kernel-facts.ts'

/** A process that no later one can be taken for: its number and when it started. */
export interface ProcessIdentity {
  readonly pid: number
  readonly ticks: number
}

/** null: there is no such process (any more). */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const ticks = await startTicks(pid)
  return ticks === null ? null : { pid, ticks }
}

export const isAlive = async ({ pid, ticks }: ProcessIdentity): Promise<boolean> =>
  (await startTicks(pid)) === ticks

/** Nothing happens when the process is gone, even if its number was given to another. */
export async function signalProcess(
  identity: ProcessIdentity,
  signal: 'SIGTERM' | 'SIGKILL' | 'SIGHUP' | 'SIGCONT',
): Promise<void> {
  if (!(await isAlive(identity))) return
  try {
    process.kill(identity.pid, signal)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause
  }
}

/** Asks what a sandbox runs to end, not the sandbox: its first process stays until they have. */
export async function askChildren(first: ProcessIdentity): Promise<void> {
  if (!(await isAlive(first))) return
  const children = await Promise.all((await childrenOf(first.pid)).map(identify))
  for (const child of children) if (child) await signalProcess(child, 'SIGTERM')
}

const POLL_MS = 5

/** Kills and waits; throws when the process is still there after `limitMs` (stuck in the kernel). */
export async function endProcess(identity: ProcessIdentity, limitMs: number): Promise<void> {
  await signalProcess(identity, 'SIGKILL')
  const deadline = performance.now() + limitMs
  while (await isAlive(identity)) {
    if (performance.now() > deadline)
      throw new Error(`process ${identity.pid} is still there ${limitMs} ms after SIGKILL`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
