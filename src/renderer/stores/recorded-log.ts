import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import { findByParts } from '../../shared/recording/find-by-parts.ts'
import { type LogByParts, readByParts } from '../../shared/recording/log-by-parts.ts'
import { lastLineBefore, patternOf, readableText } from '../../shared/recording/readable-text.ts'
import { createTerminalIndexer } from '../../shared/recording/terminal-indexer.ts'
import { RECORD_HEADER_BYTES, type TerminalRecord } from '../../shared/terminal-log.ts'
import { currentConnection } from '../connection.ts'

/**
 * The terminal's part of a recording, of which only what is asked for is fetched. Everything rejects
 * when the connection is lost.
 */
export interface RecordedLog extends LogByParts {
  /** When these words were written, in order; rejects as well when it is given up. */
  find(words: string, isGivenUp: () => boolean): Promise<readonly number[]>
}

/** Reads a log of the host; `terminal`: of a further one of the session, not the agent's. */
export async function openRecordedLog(
  id: SessionId,
  terminal: TerminalId | null = null,
): Promise<RecordedLog> {
  const found = await connected().api.recording.terminal({ id, terminal })
  if (!found.ok) throw new Error('the recording is gone')
  const read = (at: number): Promise<Uint8Array> => connected().readRecording(id, at, terminal)
  return {
    ...readByParts(found.value, read),
    find: async (words, isGivenUp) => {
      const times: number[] = []
      for (let part: number | null = 0; part !== null; ) {
        const page = await connected().api.recording.find({ id, terminal, words, part })
        if (isGivenUp() || !page.ok) throw new Error('given up')
        times.push(...page.value.times)
        part = page.value.next
      }
      return times
    },
  }
}

/** Finds in what is read here, part by part. */
export const findHere =
  ({ index, part }: LogByParts): RecordedLog['find'] =>
  async (words, isGivenUp) => {
    const pattern = patternOf(words)
    const times: number[] = []
    if (!pattern) return times
    const read = async (number: number) => (await part(number)).records
    for await (const { found } of findByParts(read, index.points.length, pattern)) {
      if (isGivenUp()) throw new Error('given up')
      for (const { atMs } of found) times.push(atMs)
    }
    return times
  }

/** A log that is wholly in memory. */
export function recordedLogOf(records: readonly TerminalRecord[]): RecordedLog {
  const indexer = createTerminalIndexer()
  let at = 0
  for (const record of records) {
    const size = record.kind === 'output' ? record.bytes.length : 0
    const end = at + RECORD_HEADER_BYTES + size
    indexer.add(record, at, end)
    at = end
  }
  const index = indexer.index('none')
  const log: LogByParts = {
    index,
    part: (number) =>
      Promise.resolve({
        records: records.slice(index.points[number]?.records, index.points[number + 1]?.records),
        isDamaged: false,
      }),
    screen: () => Promise.resolve(null),
  }
  return { ...log, find: findHere(log) }
}

function connected(): NonNullable<ReturnType<typeof currentConnection>> {
  const connection = currentConnection()
  if (!connection) throw new Error('not connected')
  return connection
}

/** The last line that a program wrote before a moment, of its part or the one before; null: none. */
export async function lineBefore(
  { index, part }: RecordedLog,
  monoMs: number,
): Promise<string | null> {
  const number = index.points.findLastIndex(({ atMs }) => atMs <= monoMs)
  const line = lastLineBefore(readableText((await part(number)).records), monoMs)
  if (line !== null || number < 1) return line
  return lastLineBefore(readableText((await part(number - 1)).records), monoMs)
}
