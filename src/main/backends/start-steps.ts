import { setTimeout as sleep } from 'node:timers/promises'
import type { StartFailure } from '../../shared/domain/session.ts'
import { err, type Result } from '../../shared/result.ts'

/** A start that came to its end, with the part that was being built. */
export class Stopped extends Error {
  readonly part: string
  constructor(part: string, detail: string) {
    super(detail)
    this.part = part
  }
}

/** What ended a start, in words; `part` is what it was about where nothing narrower is known. */
export const stoppedBy = (cause: unknown, part: string): Result<never, StartFailure> =>
  err({
    type: 'boundary_failed',
    part: cause instanceof Stopped ? cause.part : part,
    detail: cause instanceof Error ? cause.message : String(cause),
    remedy: 'Open Doctor to see what this machine lacks.',
  })

export interface Steps {
  /** Aborted when the time of the whole start is up, or its program ended. */
  readonly signal: AbortSignal
  /** Reads again and again until there is a value. @throws {Stopped} naming the part. */
  wait<T>(part: string, read: () => Promise<T | null> | T | null): Promise<T>
}

/** `limitMs` for the whole start, `pollMs` between two looks. `exited`: its program ended. */
export function startSteps(exited: AbortSignal, limitMs: number, pollMs: number): Steps {
  const signal = AbortSignal.any([exited, AbortSignal.timeout(limitMs)])
  return {
    signal,
    wait: async (part, read) => {
      for (;;) {
        const value = await read()
        if (value !== null) return value
        // An early exit has no words here: the caller adds what came to the terminal.
        if (exited.aborted) throw new Stopped(part, '')
        if (signal.aborted) throw new Stopped(part, `it was not ready after ${limitMs / 1000} s`)
        await sleep(pollMs)
      }
    },
  }
}
