import type { SearchHit } from '../../shared/contract/api.ts'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { readableText } from '../../shared/recording/readable-text.ts'
import { recordsOf, type TerminalReading } from './find-in-terminal.ts'
import type { EventStore } from './ports.ts'

/** Hits of one recording; the recording itself has a search for all of them. */
const MOST_HITS = 5
const MOST_RECORDINGS = 50
/** Of one terminal log, from its beginning. */
const MOST_BYTES = 64 * 1024 * 1024
const AROUND = 60

/** Looks for words in the terminals and events of recordings, in the order of `ids`. */
export async function searchRecordings(
  reading: TerminalReading & { readonly store: Pick<EventStore, 'read'> },
  ids: readonly SessionId[],
  words: string,
): Promise<SearchHit[]> {
  const wanted = words.trim().toLowerCase()
  if (wanted === '') return []
  const found: SearchHit[] = []
  let recordings = 0
  for (const id of ids) {
    const events = (await reading.store.read(id))?.events ?? []
    const hits = await inTerminal(reading, id, wanted, null)
    for (const { fact } of events)
      if (fact.type === 'terminal/opened')
        hits.push(...(await inTerminal(reading, id, wanted, fact.terminal)))
    hits.push(...inEvents(events, id, wanted))
    found.push(...hits.slice(0, MOST_HITS))
    if (hits.length > 0 && ++recordings === MOST_RECORDINGS) break
    // The host has others to answer meanwhile.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return found
}

/** Part by part, until there are enough. */
async function inTerminal(
  { indexes, store }: TerminalReading,
  sessionId: SessionId,
  wanted: string,
  terminal: TerminalId | null,
): Promise<SearchHit[]> {
  const index = await indexes.index(sessionId, terminal)
  const hits: SearchHit[] = []
  for (let part = 0; part < index.points.length; part++) {
    if (hits.length >= MOST_HITS || index.points[part]!.at > MOST_BYTES) break
    const records = await recordsOf(store, sessionId, index, part, terminal)
    const { text, timeAt } = readableText(records)
    for (const at of placesIn(text, wanted))
      hits.push({
        ...{ sessionId, place: 'terminal', atMs: timeAt(at) },
        excerpt: excerptOf(text, at, wanted.length),
      })
  }
  return hits.slice(0, MOST_HITS)
}

function inEvents(
  events: readonly TimelineEvent[],
  sessionId: SessionId,
  wanted: string,
): SearchHit[] {
  const hits: SearchHit[] = []
  for (const { fact, monoMs } of events) {
    const text = JSON.stringify(fact)
    const [at] = placesIn(text, wanted)
    if (at === undefined) continue
    hits.push({
      ...{ sessionId, place: 'event', atMs: monoMs },
      excerpt: `${fact.type}: ${excerptOf(text, at, wanted.length)}`,
    })
    if (hits.length === MOST_HITS) break
  }
  return hits
}

function placesIn(text: string, wanted: string): number[] {
  const lower = text.toLowerCase()
  const places: number[] = []
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, at + wanted.length)) {
    places.push(at)
    if (places.length === MOST_HITS) break
  }
  return places
}

const excerptOf = (text: string, at: number, length: number): string =>
  text.slice(Math.max(0, at - AROUND), at + length + AROUND).replaceAll(/\s+/g, ' ')
