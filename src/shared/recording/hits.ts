import type { ContentHash } from '../domain/file-changes.ts'
import {
  type ExportSource,
  type ExportTerminal,
  type FurtherName,
  furtherIn,
  hashesIn,
} from './export-source.ts'
import { createPartFinder, placed, type PlacedMatch } from './redact-by-parts.ts'
import { find, mayFindIn, MOST_MATCH, type Redaction, textsOf } from './redaction.ts'
import { latin } from './terminal-text.ts'

/** One thing that would be taken out, with a little of what is around it. */
export interface Hit extends Omit<PlacedMatch, 'start'> {
  /** A number: in the further terminal of that number. */
  readonly place: 'terminal' | 'event' | 'file' | number
  /** Session clock, ms; null: of a file's content, which has no moment of its own. */
  readonly atMs: number | null
}

export interface Hits {
  readonly redaction: Redaction
  readonly count: number
  /** The first of them, in the order terminal, events, further terminals, files. */
  readonly hits: readonly Hit[]
}

/** More are counted, and taken out, but nobody reads them. */
export const MOST_SHOWN = 200

export interface Looked {
  /** The terminals besides the agent's, in the order of their opening. */
  readonly further: readonly FurtherName[]
  /** What each of them finds, those that find nothing left out. */
  readonly found: readonly Hits[]
  /** Of all events as lines of JSON, and of all texts of files. */
  readonly eventBytes: number
  readonly contentBytes: number
}

/** Shares of the work, up to the end of each; the files are the rest. */
const AGENT_SHARE = 0.8
const FURTHER_SHARE = 0.9

/** Looks through all of a recording, part by part. `progress`: a share of it; throws to give up. */
export async function lookThrough(
  source: ExportSource,
  redactions: readonly Redaction[],
  progress: (share: number) => void,
): Promise<Looked> {
  const found = new Map<Redaction, { count: number; readonly hits: Hit[] }>(
    redactions.map((redaction) => [redaction, { count: 0, hits: [] }]),
  )
  const add = (
    redaction: Redaction,
    match: PlacedMatch,
    place: Hit['place'],
    atMs: Hit['atMs'],
  ) => {
    const of = found.get(redaction)
    if (!of) return
    of.count++
    const { before, match: text, after } = match
    if (of.hits.length < MOST_SHOWN) of.hits.push({ place, atMs, before, match: text, after })
  }
  const inText = (text: string, place: Hit['place'], atMs: Hit['atMs']): void => {
    for (const redaction of redactions)
      for (const { start, end } of find(text, redaction))
        add(redaction, placed(text, start, end, 0), place, atMs)
  }

  await inTerminal(
    await source.terminal(null),
    redactions,
    (share) => progress(AGENT_SHARE * share),
    (redaction, match, atMs) => add(redaction, match, 'terminal', atMs),
  )
  const further: FurtherName[] = []
  const hashes = new Set<ContentHash>()
  let eventBytes = 0
  for await (const events of source.events()) {
    progress(AGENT_SHARE)
    further.push(...furtherIn(events))
    const texts = events.map(({ fact }) => textsOf(fact))
    if (mayFindIn(texts, redactions))
      for (const [n, text] of texts.entries()) inText(text, 'event', events[n]?.monoMs ?? null)
    for (const event of events) eventBytes += JSON.stringify(event).length + 1
    for (const hash of hashesIn(events)) hashes.add(hash)
  }
  for (const { atMs, label } of source.markers) inText(label, 'event', atMs)
  for (const { id, number } of further)
    await inTerminal(
      await source.terminal(id),
      redactions,
      () => progress(FURTHER_SHARE),
      (redaction, match, atMs) => add(redaction, match, number, atMs),
    )
  let contentBytes = 0
  let read = 0
  for (const hash of hashes) {
    progress(FURTHER_SHARE + ((1 - FURTHER_SHARE) * ++read) / hashes.size)
    const text = (await source.content(hash)) ?? ''
    contentBytes += text.length
    inText(text, 'file', null)
  }
  return {
    found: [...found]
      .map(([redaction, { count, hits }]) => ({ redaction, count, hits }))
      .filter(({ count }) => count > 0),
    ...{ further, eventBytes, contentBytes },
  }
}

async function inTerminal(
  terminal: ExportTerminal,
  redactions: readonly Redaction[],
  progress: (share: number) => void,
  found: (redaction: Redaction, match: PlacedMatch, atMs: number) => void,
): Promise<void> {
  const { points } = terminal.index
  /** Where the output of each record begins in all of it; of as much as may still be told of. */
  let moments: { readonly at: number; readonly atMs: number }[] = []
  const timeAt = (place: number): number =>
    moments.findLast(({ at }) => at <= place)?.atMs ?? moments[0]?.atMs ?? 0
  const finder = createPartFinder(redactions, (redaction, match) =>
    found(redaction, match, timeAt(match.start)),
  )
  let at = 0
  for (let number = 0; number < points.length; number++) {
    progress(number / points.length)
    const records = await terminal.part(number)
    moments = moments.slice(
      Math.max(
        0,
        moments.findLastIndex((moment) => moment.at <= at - MOST_MATCH),
      ),
    )
    const texts: string[] = []
    for (const record of records) {
      if (record.kind !== 'output') continue
      moments.push({ at, atMs: record.monoMs })
      at += record.bytes.length
      texts.push(latin(record.bytes))
    }
    finder.push(texts.join(''))
  }
  finder.end()
}
