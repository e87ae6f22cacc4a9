import { readFileSync } from 'node:fs'
import type { GuestKernel, ProcessRef, ProcessSignal, ProcessSignals } from '../core/ports.ts'
import { parseStat, type ProcStat, readStat } from './proc-files.ts'

/** Signals of this machine's processes. */
export function createProcessSignals(): ProcessSignals {
  return {
    send: (process_, signal) => Promise.resolve(sendNow(process_, signal)),
    state: (process_) => Promise.resolve(look(process_)?.state ?? null),
  }
}

/** Signals of another kernel's processes, which only somebody there can send. */
export function createGuestSignals({ proc, signal }: GuestKernel): ProcessSignals {
  return {
    send: signal,
    state: async (process_) => meant(process_, await readStat(proc, process_.pid))?.state ?? null,
  }
}

/**
 * Signals by identity. Node has no pidfd: the start time is compared and the signal sent without
 * anything of ours running in between, so a number would have to come round in microseconds.
 */
function sendNow(process_: ProcessRef, signal: ProcessSignal): 'sent' | 'gone' | 'refused' {
  if (!look(process_)) return 'gone'
  try {
    process.kill(process_.pid, signal)
    return 'sent'
  } catch (cause) {
    return isCode(cause, 'ESRCH') ? 'gone' : 'refused'
  }
}

function look(process_: ProcessRef): ProcStat | null {
  try {
    return meant(process_, parseStat(readFileSync(`/proc/${process_.pid}/stat`, 'utf8')))
  } catch {
    return null
  }
}

/** null: gone, another process by now, or ended and only not reaped. */
const meant = ({ startTicks }: ProcessRef, stat: ProcStat | null): ProcStat | null =>
  stat && stat.startTicks === startTicks && stat.exit === null ? stat : null

const isCode = (cause: unknown, code: string): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === code
