import type { RecordingBundle } from './bundle.ts'
import { find, type Redaction, redactDeep, redactText } from './redaction.ts'
import { bytesAsText, withText } from './terminal-text.ts'

/** One thing that would be taken out, with a little of what is around it. */
export interface Hit {
  readonly place: 'terminal' | 'event' | 'file'
  /** Session clock, ms; null: of a file's content, which has no moment of its own. */
  readonly atMs: number | null
  readonly before: string
  readonly match: string
  readonly after: string
}

export interface Hits {
  readonly redaction: Redaction
  readonly hits: readonly Hit[]
}

const AROUND = 24

/** Everything each of them finds, with those that find nothing left out. */
export function hitsIn(bundle: RecordingBundle, redactions: readonly Redaction[]): Hits[] {
  const terminal = bytesAsText(bundle.records)
  const events = [
    ...bundle.events.map(({ fact, monoMs }) => ({ text: textsOf(fact), monoMs })),
    ...bundle.markers.map(({ atMs, label }) => ({ text: label, monoMs: atMs })),
  ]
  return redactions
    .map((redaction) => ({
      redaction,
      hits: [
        ...hitsOf(terminal.text, redaction, 'terminal', (place) => terminal.timeAt(place)),
        ...events.flatMap(({ text, monoMs }) => hitsOf(text, redaction, 'event', () => monoMs)),
        ...[...bundle.contents.values()].flatMap((text) =>
          hitsOf(text, redaction, 'file', () => null),
        ),
      ],
    }))
    .filter(({ hits }) => hits.length > 0)
}

const hitsOf = (
  text: string,
  redaction: Redaction,
  place: Hit['place'],
  timeAt: (place: number) => number | null,
): Hit[] =>
  find(text, redaction).map(({ start, end }) => ({
    place,
    atMs: timeAt(start),
    before: text.slice(Math.max(0, start - AROUND), start),
    match: text.slice(start, end),
    after: text.slice(end, end + AROUND),
  }))

/** Every text in a value, apart from each other so that nothing is found across two. */
function textsOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || typeof value !== 'object') return ''
  return Object.values(value)
    .map(textsOf)
    .filter((text) => text !== '')
    .join('\n')
}

export function redactBundle(
  bundle: RecordingBundle,
  redactions: readonly Redaction[],
  found: readonly Hits[],
): RecordingBundle {
  if (redactions.length === 0) return bundle
  const chosen = new Set(redactions.map(({ id }) => id))
  return {
    events: redactDeep(bundle.events, redactions),
    markers: redactDeep(bundle.markers, redactions),
    records: withText(bundle.records, redactText(bytesAsText(bundle.records).text, redactions)),
    contents: new Map(
      [...bundle.contents].map(([hash, text]) => [hash, redactText(text, redactions)]),
    ),
    redacted: found
      .filter(({ redaction }) => chosen.has(redaction.id))
      .map(({ redaction, hits }) => ({
        // The word itself must not be in what it was taken out of.
        name: redaction.id.startsWith('word:') ? 'A word of your choice' : redaction.name,
        count: hits.length,
      })),
  }
}
