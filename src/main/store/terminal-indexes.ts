import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { AnyTerminalId, SessionId, TerminalId } from '../../shared/domain/ids.ts'
import { keepLatest } from '../../shared/keep-latest.ts'
import { TerminalIndex } from '../../shared/domain/terminal-index.ts'
import { createTerminalIndexer } from '../../shared/recording/terminal-indexer.ts'
import { readRecord } from '../../shared/terminal-log.ts'
import type { TerminalIndexes } from '../core/recording-port.ts'
import { openOrNull } from './read-or-null.ts'
import { replaceFile } from './replace-file.ts'
import { terminalFile } from './terminal-file.ts'

// The index of a log is made by reading it once, and kept beside it. What is kept is right only for a
// log of exactly the size it names, and can be deleted at any time.

const VERSION = 1
const READ_BYTES = 4 * 1024 * 1024
/** A smaller log is read as fast as its index. */
const WORTH_BYTES = 1024 * 1024
/** Logs that grow are read on from where the last index ended. */
const MOST_OPEN = 4

const Kept = z.strictObject({
  version: z.literal(VERSION),
  logBytes: z.number(),
  index: TerminalIndex,
})

/** The terminal logs below `<folder>/<session>/`. */
export function createTerminalIndexes(folder: string): TerminalIndexes {
  const readers = new Map<AnyTerminalId, LogReader>()
  const work = new Map<AnyTerminalId, Promise<TerminalIndex>>()

  const readerOf = (id: SessionId, terminal: TerminalId | null): LogReader => {
    const key = terminal ?? id
    const reader = readers.get(key) ?? new LogReader(join(folder, id), terminal)
    keepLatest(readers, key, reader, MOST_OPEN)
    return reader
  }
  return {
    index: (id, terminal = null) => {
      const key = terminal ?? id
      // Who asks at the same time gets the same answer: a log is not read twice side by side.
      const known = work.get(key)
      if (known) return known
      const reading = readerOf(id, terminal)
        .read()
        .catch((cause: unknown) => {
          readers.delete(key)
          throw cause
        })
        .finally(() => work.delete(key))
      work.set(key, reading)
      return reading
    },
  }
}

/** Reads one log, each time from where it was read to before. */
class LogReader {
  readonly #log: string
  readonly #kept: string
  readonly #indexer = createTerminalIndexer()
  #at = 0
  /** Of a log of exactly that size. */
  #last: { readonly logBytes: number; readonly index: TerminalIndex } | null = null

  constructor(folder: string, terminal: TerminalId | null) {
    this.#log = join(folder, terminalFile(terminal, 'log'))
    this.#kept = join(folder, terminalFile(terminal, 'index'))
  }

  async read(): Promise<TerminalIndex> {
    const file = await openOrNull(this.#log)
    if (!file) return this.#indexer.index('none')
    try {
      const { size } = await file.stat()
      if (this.#at === 0) this.#last ??= await readKept(this.#kept, size)
      if (this.#last?.logBytes === size) return this.#last.index
      const buffer = new Uint8Array(READ_BYTES)
      let damage: TerminalIndex['damage'] = 'none'
      while (this.#at < size) {
        const length = Math.min(READ_BYTES, size - this.#at)
        const { bytesRead } = await file.read(buffer, 0, length, this.#at)
        const before = this.#at
        damage = this.#add(buffer.subarray(0, bytesRead))
        // A record that is cut at the end of what was read is there as a whole next time.
        if (damage === 'damaged' || this.#at === before) break
      }
      const index = this.#indexer.index(damage)
      this.#last = { logBytes: size, index }
      if (size > WORTH_BYTES) await writeKept(this.#kept, this.#last)
      return index
    } finally {
      await file.close()
    }
  }

  #add(bytes: Uint8Array): TerminalIndex['damage'] {
    const start = this.#at
    for (let at = 0; at < bytes.length; ) {
      const found = readRecord(bytes, at)
      if (typeof found === 'string') return found
      this.#indexer.add(found.record, start + at, start + found.end)
      at = found.end
      this.#at = start + at
    }
    return 'none'
  }
}

async function readKept(
  path: string,
  logBytes: number,
): Promise<{ logBytes: number; index: TerminalIndex } | null> {
  try {
    const kept = Kept.safeParse(JSON.parse(await readFile(path, 'utf8')))
    return kept.success && kept.data.logBytes === logBytes ? kept.data : null
  } catch {
    return null
  }
}

/** Only a copy: in a folder that cannot be written the log is read anew every time. */
const writeKept = (
  path: string,
  kept: { readonly logBytes: number; readonly index: TerminalIndex },
): Promise<void> =>
  replaceFile(path, JSON.stringify({ version: VERSION, ...kept }), 'crash').catch(() => undefined)
