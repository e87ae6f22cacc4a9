import type { Clock, Freezer, FreezeScope, ProcessRef, ProcessSignals } from './ports.ts'

/** A round that stops nobody new ends the walk; what is stopped starts nothing. */
const ROUNDS = 50
const POLL_MS = 5
const SETTLE_MS = 1_000

/**
 * Freezes by SIGSTOP: every member, then those they started meanwhile, until there are none. For
 * machines without a cgroup freezer, and for parts of a session. A process outside the scope that
 * may signal them can undo it.
 */
export function createStopWalk(signals: ProcessSignals, clock: Clock): Freezer {
  /** A vfork's parent waits (D) for a child that was stopped before it executed anything. */
  const isWrong = (process: ProcessRef, signal: 'SIGSTOP' | 'SIGCONT'): boolean => {
    const state = signals.state(process)
    if (state === null) return false
    return signal === 'SIGSTOP' ? !['T', 't', 'D'].includes(state) : state === 'T'
  }

  const walk = async ({ members }: FreezeScope, signal: 'SIGSTOP' | 'SIGCONT') => {
    const met = new Map<string, ProcessRef>()
    for (let round = 0, found = 1; round < ROUNDS && found > 0; round++) {
      found = 0
      for (const process of await members()) {
        const name = `${process.pid}:${process.startTicks}`
        if (met.has(name) || signals.send(process, signal) === 'gone') continue
        met.set(name, process)
        found++
      }
    }
    const wrong = (): ProcessRef[] => [...met.values()].filter((item) => isWrong(item, signal))
    const endMs = clock.monoMs() + SETTLE_MS
    while (wrong().length > 0 && clock.monoMs() < endMs)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    return { affected: met.size, remained: wrong().length }
  }

  return {
    freeze: (scope) => walk(scope, 'SIGSTOP'),
    thaw: (scope) => walk(scope, 'SIGCONT'),
  }
}
