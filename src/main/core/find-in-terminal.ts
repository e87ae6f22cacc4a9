import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { TerminalIndex } from '../../shared/domain/terminal-index.ts'
import { findingsIn, patternOf, readableText } from '../../shared/recording/readable-text.ts'
import { decodeLog, type TerminalRecord } from '../../shared/terminal-log.ts'
import type { EventStore } from './ports.ts'
import type { TerminalIndexes } from './recording-port.ts'

/** Log read for one answer, so that others are answered meanwhile. */
const MOST_BYTES = 16 * 1024 * 1024
const MOST_TIMES = 20_000
/** Output before a part in which words may begin that end in it. */
const OVERLAP_BYTES = 16 * 1024

export interface TerminalReading {
  readonly indexes: TerminalIndexes
  readonly store: Pick<EventStore, 'readTerminalLog'>
}

export interface FoundInTerminal {
  /** Session clock of each finding, ms, in the order of the output. */
  readonly times: number[]
  /** The part to go on with; null: this was the last. */
  readonly next: number | null
}

/** Looks through the output of a terminal from part `part` of its index on, as far as one answer goes. */
export async function findInTerminal(
  { indexes, store }: TerminalReading,
  id: SessionId,
  words: string,
  part: number,
  terminal: TerminalId | null = null,
): Promise<FoundInTerminal> {
  const pattern = patternOf(words)
  if (!pattern) return { times: [], next: null }
  const index = await indexes.index(id, terminal)
  const { points } = index
  let before = part > 0 ? endOf(await recordsOf(store, id, index, part - 1, terminal)) : []
  const times: number[] = []
  let bytes = 0
  for (let at = part; at < points.length; at++) {
    if (bytes > MOST_BYTES || times.length > MOST_TIMES) return { times, next: at }
    const records = await recordsOf(store, id, index, at, terminal)
    const text = readableText([...before, ...records])
    const fresh = before.length === 0 ? 0 : readableText(before).text.length
    // What ended before was found with the part before.
    for (const { place, length, atMs } of findingsIn(text, pattern))
      if (place + length > fresh) times.push(atMs)
    before = endOf([...before, ...records])
    bytes += (points[at + 1]?.at ?? index.bytes) - points[at]!.at
  }
  return { times, next: null }
}

/** The records of one part of the index; those that are sound, where it is damaged. */
export async function recordsOf(
  store: Pick<EventStore, 'readTerminalLog'>,
  id: SessionId,
  { points, bytes }: TerminalIndex,
  part: number,
  terminal: TerminalId | null = null,
): Promise<readonly TerminalRecord[]> {
  const from = points[part]?.at ?? bytes
  const to = points[part + 1]?.at ?? bytes
  return decodeLog(await store.readTerminalLog(id, from, to - from, terminal)).records
}

/** The last records, with as much output as words may reach back. */
function endOf(records: readonly TerminalRecord[]): TerminalRecord[] {
  let bytes = 0
  let from = records.length
  while (from > 0 && bytes < OVERLAP_BYTES) {
    const record = records[--from]!
    if (record.kind === 'output') bytes += record.bytes.length
  }
  return records.slice(from)
}
