import { readFileSync } from 'node:fs'
import type { ProcessRef, ProcessSignals } from '../core/ports.ts'
import { parseStat, type ProcStat } from './proc-files.ts'

/**
 * Signals by identity. Node has no pidfd: the start time is compared and the signal sent without
 * anything of ours running in between, so a number would have to come round in microseconds.
 */
export function createProcessSignals(): ProcessSignals {
  return {
    send: (process_, signal) => {
      if (!look(process_)) return 'gone'
      try {
        process.kill(process_.pid, signal)
        return 'sent'
      } catch (cause) {
        return isCode(cause, 'ESRCH') ? 'gone' : 'refused'
      }
    },
    state: (process_) => look(process_)?.state ?? null,
  }
}

/** null: gone, another process by now, or ended and only not reaped. */
function look({ pid, startTicks }: ProcessRef): ProcStat | null {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return stat && stat.startTicks === startTicks && stat.exit === null ? stat : null
  } catch {
    return null
  }
}

const isCode = (cause: unknown, code: string): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === code
