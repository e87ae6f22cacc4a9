import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { TerminalIndex } from '../../shared/domain/terminal-index.ts'
import { findByParts } from '../../shared/recording/find-by-parts.ts'
import { patternOf } from '../../shared/recording/readable-text.ts'
import { decodeLog, type TerminalRecord } from '../../shared/terminal-log.ts'
import type { EventStore } from './ports.ts'
import type { TerminalIndexes } from './recording-port.ts'

/** Output looked through for one answer, so that others are answered meanwhile. */
const MOST_BYTES = 16 * 1024 * 1024
const MOST_TIMES = 20_000

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
  const count = index.points.length
  const times: number[] = []
  let bytes = 0
  const parts = findByParts((at) => recordsOf(store, id, index, at, terminal), count, pattern, part)
  for await (const looked of parts) {
    for (const { atMs } of looked.found) times.push(atMs)
    bytes += looked.bytes
    const next = looked.part + 1
    if (next < count && (bytes > MOST_BYTES || times.length > MOST_TIMES)) return { times, next }
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
