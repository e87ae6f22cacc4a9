import type { SearchCursor, SearchHit, SearchPage } from '../../shared/domain/search.ts'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import { around, type Finding, findByParts } from '../../shared/recording/find-by-parts.ts'
import { patternOf } from '../../shared/recording/readable-text.ts'
import { recordsOf, type TerminalReading } from './find-in-terminal.ts'
import type { EventStore } from './ports.ts'

/** Hits of one recording; the recording itself has a search for all of them. */
const MOST_HITS = 5
/** Hits, and bytes looked through, for one answer: others are answered meanwhile. */
const PAGE_HITS = 50
const PAGE_BYTES = 16 * 1024 * 1024
const EVENTS_AT_ONCE = 5000

export interface SearchReading extends TerminalReading {
  readonly store: Pick<EventStore, 'page' | 'readTerminalLog' | 'terminals'>
}

/** What is found on the way from one place to the next at which a search may go on. */
interface Step {
  readonly found: readonly Finding[]
  readonly bytes: number
  /** null: there is no more of this kind in the recording. */
  readonly nextAt: number | null
}

/**
 * Looks for words in all of the terminals and events of recordings, in the order of `ids`, from where
 * the answer before ended, as far as one answer goes.
 */
export async function searchRecordings(
  reading: SearchReading,
  ids: readonly SessionId[],
  words: string,
  from: SearchCursor | null,
): Promise<SearchPage> {
  const pattern = patternOf(words)
  const hits: SearchHit[] = []
  let bytes = 0
  let next = pattern && placeIn(ids, from)
  while (next && pattern && bytes < PAGE_BYTES && hits.length < PAGE_HITS) {
    const { sessionId, place, found } = next
    const { found: all, bytes: size, nextAt } = await STEPS[place](reading, next, pattern)
    bytes += size
    const fitting = all.slice(0, MOST_HITS - found)
    hits.push(...fitting.map((hit): SearchHit => ({ sessionId, place, ...hit })))
    const isEnough = found + fitting.length >= MOST_HITS
    if (nextAt !== null && !isEnough) next = { ...next, at: nextAt, found: found + fitting.length }
    else if (place === 'terminal' && !isEnough)
      next = { ...(await afterTerminal(reading, next)), at: 0, found: found + fitting.length }
    else next = firstPlace(ids, ids.indexOf(sessionId) + 1)
  }
  return { hits, next, done: next ? next.number : ids.length, of: ids.length }
}

const STEPS = { terminal: inTerminal, event: inEvents } as const

const firstPlace = (ids: readonly SessionId[], number: number): SearchCursor | null => {
  const sessionId = ids[number]
  return sessionId
    ? { sessionId, number, place: 'terminal', terminal: null, at: 0, found: 0 }
    : null
}

/** Recordings come and go while others are searched. */
function placeIn(ids: readonly SessionId[], from: SearchCursor | null): SearchCursor | null {
  if (!from) return firstPlace(ids, 0)
  const number = ids.indexOf(from.sessionId)
  return number === -1 ? firstPlace(ids, from.number) : { ...from, number }
}

/** The agent's terminal, then each further one, then the events. */
async function afterTerminal({ store }: SearchReading, from: SearchCursor): Promise<SearchCursor> {
  const all: readonly (TerminalId | null)[] = [null, ...(await store.terminals(from.sessionId))]
  const terminal = all[all.indexOf(from.terminal) + 1]
  return terminal ? { ...from, terminal } : { ...from, place: 'event', terminal: null }
}

async function inTerminal(
  { indexes, store }: SearchReading,
  { sessionId, terminal, at }: SearchCursor,
  pattern: RegExp,
): Promise<Step> {
  const index = await indexes.index(sessionId, terminal)
  const count = index.points.length
  const read = (part: number) => recordsOf(store, sessionId, index, part, terminal)
  const all: Finding[] = []
  let size = 0
  for await (const { part, found, bytes } of findByParts(read, count, pattern, at)) {
    all.push(...found)
    size += bytes
    if (size < PAGE_BYTES && all.length < MOST_HITS) continue
    return { found: all, bytes: size, nextAt: part + 1 < count ? part + 1 : null }
  }
  return { found: all, bytes: size, nextAt: null }
}

async function inEvents(
  { store }: SearchReading,
  { sessionId, at }: SearchCursor,
  pattern: RegExp,
): Promise<Step> {
  const { events, isLast } = await store.page(sessionId, at, EVENTS_AT_ONCE)
  let bytes = 0
  const found = events.flatMap(({ fact, monoMs: atMs }) => {
    const text = JSON.stringify(fact)
    bytes += text.length
    const place = text.search(pattern)
    const excerpt = `${fact.type}: ${around(text, place, pattern.source.length)}`
    return place === -1 ? [] : [{ atMs, excerpt }]
  })
  const last = events.at(-1)
  return { found, bytes, nextAt: isLast || !last ? null : last.seq + 1 }
}
