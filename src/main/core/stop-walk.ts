import type { SessionId } from '../../shared/domain/ids.ts'
import type { Freezer, FreezeScope } from './freezer.ts'
import type { Clock, ProcessRef, ProcessSignals } from './ports.ts'

/** A round that stops nobody new ends the walk; what is stopped starts nothing. */
const ROUNDS = 50
/** How long one process may take to stand still before the walk goes on without it. */
const STOP_MS = 50
const SETTLE_MS = 1_000

type StopSignal = 'SIGSTOP' | 'SIGCONT'

/**
 * Freezes by SIGSTOP: every member, then those they started meanwhile, until there are none. For
 * machines without a cgroup freezer, and for parts of a session. A process outside the scope that
 * may signal them can undo it.
 */
export function createStopWalk(
  signalsOf: (session: SessionId) => ProcessSignals,
  clock: Clock,
): Freezer {
  const until = async (isDone: () => Promise<boolean>, limitMs: number): Promise<void> => {
    const endMs = clock.monoMs() + limitMs
    while (!(await isDone()) && clock.monoMs() < endMs)
      await new Promise((resolve) => setImmediate(resolve))
  }

  /** Children go on before their parents: a shell that finds its program stopped takes it off. */
  const inOrder = (found: readonly ProcessRef[], signal: string): readonly ProcessRef[] =>
    signal === 'SIGCONT' ? found.toReversed() : found

  const walk = async ({ sessionId, members }: FreezeScope, signal: StopSignal) => {
    const signals = signalsOf(sessionId)
    const isWrongNow = async (process: ProcessRef): Promise<boolean> =>
      isWrong(await signals.state(process), signal)
    const met = new Map<string, ProcessRef>()
    for (let round = 0, found = 1; round < ROUNDS && found > 0; round++) {
      found = 0
      for (const process of inOrder(await members(), signal)) {
        const name = `${process.pid}:${process.startTicks}`
        if (met.has(name) || (await signals.send(process, signal)) === 'gone') continue
        met.set(name, process)
        found++
        // Parents come first, and must stand still before they could see a child of theirs stop.
        if (signal === 'SIGSTOP') await until(async () => !(await isWrongNow(process)), STOP_MS)
      }
    }
    const countWrong = async (): Promise<number> =>
      (await Promise.all([...met.values()].map(isWrongNow))).filter(Boolean).length
    await until(async () => (await countWrong()) === 0, SETTLE_MS)
    return { affected: met.size, remained: await countWrong() }
  }

  return {
    freeze: (scope) => walk(scope, 'SIGSTOP'),
    thaw: (scope) => walk(scope, 'SIGCONT'),
  }
}

/** A vfork's parent waits (D) for a child that was stopped before it executed anything. */
function isWrong(state: string | null, signal: StopSignal): boolean {
  if (state === null) return false
  return signal === 'SIGSTOP' ? !['T', 't', 'D'].includes(state) : state === 'T'
}
