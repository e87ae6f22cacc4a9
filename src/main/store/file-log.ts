import { appendFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../core/ports.ts'

const MAX_BYTES = 5 * 1024 * 1024
const KEPT = 3

/**
 * The host's log. Written at once, so that a crash's last words are there; messages never carry
 * payloads, environments or file contents. `blot` takes out what a cause may hold all the same.
 */
export function createFileLog(folder: string, blot: (text: string) => string): Log {
  const path = join(folder, 'cloche.log')
  const write = (level: string, message: string, cause?: unknown): void => {
    const reason = cause instanceof Error ? ` — ${cause.stack ?? cause.message}` : ''
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) rotate(path)
      appendFileSync(
        path,
        `${new Date().toISOString()} ${level} ${oneLine(blot(message + reason))}\n`,
        {
          mode: 0o600,
        },
      )
    } catch {
      // A full disk must not end the host; the reason shows elsewhere.
    }
  }
  return {
    info: (message) => write('info', message),
    warn: (message, cause) => write('warn', message, cause),
    error: (message, cause) => write('error', message, cause),
  }
}

/** A message may hold a program's words: they must not forge a line or move a terminal. */
const oneLine = (text: string): string =>
  text.replaceAll(/\n\s*/g, ' | ').replaceAll(/[\p{Cc}\u2028\u2029]/gu, '?')

function rotate(path: string): void {
  for (let n = KEPT - 1; n >= 1; n--) {
    const older = n === 1 ? path : `${path}.${n - 1}`
    if (statSync(older, { throwIfNoEntry: false })) renameSync(older, `${path}.${n}`)
  }
}
