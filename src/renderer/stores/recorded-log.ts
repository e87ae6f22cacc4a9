import { keepLatest } from '../../shared/keep-latest.ts'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { LogPoint, TerminalIndex } from '../../shared/domain/terminal-index.ts'
import {
  findingsIn,
  lastLineBefore,
  patternOf,
  readableText,
} from '../../shared/recording/readable-text.ts'
import { createTerminalIndexer } from '../../shared/recording/terminal-indexer.ts'
import { joined } from '../../shared/joined.ts'
import { LIMITS } from '../../shared/rpc/frames.ts'
import {
  decodeLog,
  type Keyframe,
  RECORD_HEADER_BYTES,
  readRecord,
  type TerminalRecord,
} from '../../shared/terminal-log.ts'
import { currentConnection } from '../connection.ts'

/** What lies between two points of an index. */
export interface LogPart {
  readonly records: readonly TerminalRecord[]
  /** Some of it could not be read: the records end where it is damaged. */
  readonly isDamaged: boolean
}

/**
 * The terminal's part of a recording, of which only what is asked for is fetched. Everything rejects
 * when the connection is lost.
 */
export interface RecordedLog {
  readonly index: TerminalIndex
  part(number: number): Promise<LogPart>
  /** The whole screen at a point; null: none was kept, or it is damaged. */
  screen(point: LogPoint): Promise<Keyframe | null>
  /** When these words were written, in order; rejects as well when it is given up. */
  find(words: string, isGivenUp: () => boolean): Promise<readonly number[]>
}

const NO_PART: LogPart = { records: [], isDamaged: false }

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

/** `read`: so many bytes of the log from a place on as one answer holds, fewer only at its end. */
export function readByParts(
  index: TerminalIndex,
  read: (at: number) => Promise<Uint8Array>,
): Omit<RecordedLog, 'find'> {
  const readPart = async (from: number, to: number): Promise<LogPart> => {
    const starts: number[] = []
    for (let at = from; at < to; at += LIMITS.readBytes) starts.push(at)
    const bytes = joined(await Promise.all(starts.map(read))).subarray(0, to - from)
    const { records, soundBytes } = decodeLog(bytes)
    return { records, isDamaged: soundBytes < to - from }
  }
  return {
    index,
    part: keepingParts((number) => {
      const from = index.points[number]?.at
      const to = index.points[number + 1]?.at ?? index.bytes
      return from === undefined ? Promise.resolve(NO_PART) : readPart(from, to)
    }),
    screen: async ({ screenAt }) => {
      if (screenAt === null) return null
      const found = readRecord(await read(screenAt), 0)
      return typeof found !== 'string' && found.record.kind === 'keyframe' ? found.record : null
    },
  }
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
  return {
    index,
    part: (number) =>
      Promise.resolve({
        records: records.slice(index.points[number]?.records, index.points[number + 1]?.records),
        isDamaged: false,
      }),
    screen: () => Promise.resolve(null),
    find: (words) => {
      const pattern = patternOf(words)
      const found = pattern ? [...findingsIn(readableText(records), pattern)] : []
      return Promise.resolve(found.map(({ atMs }) => atMs))
    },
  }
}

/** Reads a log of the host to its end, for what needs all of it. */
export async function loadRecords(
  id: SessionId,
  isGivenUp: () => boolean,
): Promise<TerminalRecord[]> {
  const records: TerminalRecord[] = []
  let rest = new Uint8Array()
  let offset = 0
  for (;;) {
    if (isGivenUp()) throw new Error('given up')
    const part = await connected().readRecording(id, offset)
    offset += part.length
    const bytes = joined([rest, part])
    const decoded = decodeLog(bytes)
    for (const record of decoded.records) records.push(record)
    if (decoded.damage === 'damaged' || part.length === 0) return records
    rest = bytes.slice(decoded.soundBytes)
  }
}

function connected(): NonNullable<ReturnType<typeof currentConnection>> {
  const connection = currentConnection()
  if (!connection) throw new Error('not connected')
  return connection
}

/** Parts around the playhead: the one before, the one that is shown and two ahead. */
const MOST_KEPT = 4

/** What was asked for last is kept, what is behind is dropped. */
function keepingParts(
  read: (number: number) => Promise<LogPart>,
): (number: number) => Promise<LogPart> {
  const kept = new Map<number, Promise<LogPart>>()
  return (number) => {
    const reading = kept.get(number) ?? read(number)
    keepLatest(kept, number, reading, MOST_KEPT)
    reading.catch(() => kept.delete(number))
    return reading
  }
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
