import type { Clock, ProcessRef, ProcessSignals } from './ports.ts'

/** Each round kills what the round before did not know yet. */
const KILL_ROUNDS = 20
const POLL_MS = 10
/** How long a killed process may take, in the kernel, before it counts as remaining. */
const KILL_MS = 2_000
/** Between two rounds: enough for the kernel to end most of them. */
const ROUND_MS = 100

export interface EndRequest {
  readonly signals: ProcessSignals
  readonly clock: Clock
  /** Who is meant, asked anew each round: what they start meanwhile is meant as well. */
  readonly members: () => Promise<readonly ProcessRef[]>
  /** 0: killed at once. */
  readonly graceMs: number
}

/** Those that have not ended. */
export async function livingAmong<Process extends ProcessRef>(
  signals: Pick<ProcessSignals, 'state'>,
  processes: readonly Process[],
): Promise<Process[]> {
  const states = await Promise.all(processes.map((process) => signals.state(process)))
  return processes.filter((_, index) => states[index] !== null)
}

/** Ends processes, asking first where there is a grace, and counts what is still there. */
export async function endProcesses(
  request: EndRequest,
): Promise<{ readonly affected: number; readonly remained: number }> {
  const { signals, graceMs } = request
  const met = new Map<string, ProcessRef>()
  const living = (): Promise<ProcessRef[]> => livingAmong(signals, [...met.values()])
  const meet = async (): Promise<void> => {
    for (const process of await livingAmong(signals, await request.members()))
      met.set(`${process.pid}:${process.startTicks}`, process)
  }
  const waitFor = async (limitMs: number): Promise<void> => {
    const endMs = request.clock.monoMs() + limitMs
    while ((await living()).length > 0 && request.clock.monoMs() < endMs)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }

  await meet()
  if (graceMs > 0) {
    for (const process of met.values()) {
      await signals.send(process, 'SIGTERM')
      // A stopped process takes the request only when it goes on.
      await signals.send(process, 'SIGCONT')
    }
    await waitFor(graceMs)
    await meet()
  }
  for (let round = 0, left = await living(); round < KILL_ROUNDS && left.length > 0; round++) {
    for (const process of left) await signals.send(process, 'SIGKILL')
    await waitFor(ROUND_MS)
    await meet()
    left = await living()
  }
  await waitFor(KILL_MS)
  return { affected: met.size, remained: (await living()).length }
}
