import type { ContentHash } from '../domain/file-changes.ts'
import type { Session } from '../domain/session.ts'
import type { Fact, TimelineEvent } from '../domain/timeline.ts'
import {
  encodeKeyframe,
  encodeRecord,
  type Keyframe,
  type KeyframeRecord,
  type TerminalRecord,
} from '../terminal-log.ts'
import type { Marker } from './asciicast.ts'
import { createCastWriter } from './cast-writer.ts'
import { type ExportFormat, type ExportSource, hashesIn } from './export-source.ts'
import { type PageParts, pageBlock, pageFoot, pageHead } from './offline-page.ts'
import { BLOCK_BYTES, createBlockCutter, type Tail, tailText } from './packed-recording.ts'
import { mayFindIn, type Redaction, redactDeep, redactText, textsOf } from './redaction.ts'
import { createRecordRedactor } from './redacted-records.ts'
import { latin } from './terminal-text.ts'
import { createTerminalIndexer } from './terminal-indexer.ts'

export interface Leaving {
  readonly source: ExportSource
  /** As it is now. */
  readonly session: Session
  /** What is taken out. */
  readonly redactions: readonly Redaction[]
  /** Words for an event that becomes a marker of a cast. */
  readonly labelOf: (fact: Fact) => string
  /** A share of the whole; throws to give up. */
  readonly progress: (share: number) => void
}

/** Shares of the work: events first, then the terminal, then what was in files. */
const EVENTS_SHARE = 0.1
const FILES_SHARE = 0.9

/**
 * The file, piece by piece. Nothing of the recording is in it that was not redacted, and no more of it
 * is held at a time than a few parts, whatever its size.
 */
export async function* exportRecording(
  format: ExportFormat,
  leaving: Leaving,
  page: PageParts | null,
): AsyncGenerator<string> {
  const out = createRedacted(leaving)
  switch (format) {
    case 'jsonl':
      for await (const events of out.events())
        yield events.map((event) => `${JSON.stringify(event)}\n`).join('')
      return
    case 'cast2':
    case 'cast3':
      return yield* castOf(leaving, out, format === 'cast2' ? 2 : 3)
    case 'html':
      if (!page) throw new Error('the parts of the page are missing')
      return yield* pageOf(leaving, out, page)
  }
}

/** A terminal alone, with marks where Cloche asked or refused. */
async function* castOf(
  { source, labelOf }: Leaving,
  out: Redacted,
  version: 2 | 3,
): AsyncGenerator<string> {
  const decisions: Marker[] = []
  for await (const events of out.events())
    for (const { fact, monoMs } of events)
      if (isMarked(fact)) decisions.push({ atMs: monoMs, label: labelOf(fact) })
  const { session } = out
  const writer = createCastWriter(
    {
      ...{ title: session.title, command: session.spec.command, startedAtMs: session.createdAtMs },
      markers: [...out.markers, ...decisions],
      exit: session.exit?.kind === 'exited' ? session.exit.code : null,
      lastMs: source.index.durationMs,
    },
    version,
  )
  for await (const records of out.records()) yield writer.push(records)
  yield writer.end()
}

const isMarked = (fact: Fact): boolean =>
  fact.type === 'prompt/raised' ||
  fact.type === 'prompt/answered' ||
  fact.type === 'limits/reached' ||
  (fact.type === 'net/decided' && fact.decision.action === 'deny')

async function* pageOf(
  { source, progress }: Leaving,
  out: Redacted,
  page: PageParts,
): AsyncGenerator<string> {
  const encoder = new TextEncoder()
  yield pageHead(out.session.title, page)
  const hashes = new Set<ContentHash>()
  for await (const events of inBlocks(out.events())) {
    for (const hash of hashesIn(events)) hashes.add(hash)
    yield pageBlock('events', encoder.encode(JSON.stringify(events)), page)
  }
  const indexer = createTerminalIndexer()
  const cutter = createBlockCutter()
  let at = 0
  for await (const record of withScreens(out, source, out.records())) {
    const bytes =
      record.kind === 'keyframe' ? encodeKeyframe(record.monoMs, record) : encodeRecord(record)
    indexer.add(record, at, at + bytes.length)
    at += bytes.length
    for (const block of cutter.push(bytes)) yield pageBlock('terminal', block, page)
  }
  const rest = cutter.rest()
  if (rest) yield pageBlock('terminal', rest, page)
  const contents: Tail['contents'] = []
  let texts = new Map<ContentHash, string>()
  let size = 0
  let read = 0
  const block = (): Promise<string> => {
    contents.push([...texts.keys()])
    return pageBlock('contents', encoder.encode(JSON.stringify(Object.fromEntries(texts))), page)
  }
  for (const hash of hashes) {
    progress(FILES_SHARE + ((1 - FILES_SHARE) * ++read) / hashes.size)
    const text = await source.content(hash)
    if (text === null) continue
    texts.set(hash, out.text(text))
    size += text.length
    if (size < BLOCK_BYTES) continue
    yield block()
    texts = new Map()
    size = 0
  }
  if (size > 0) yield block()
  const tail = { index: indexer.index('none'), markers: [...out.markers], redacted: out.taken() }
  yield pageBlock('tail', encoder.encode(tailText({ ...tail, contents })), page)
  yield pageFoot(page)
}

/**
 * With the screens of the recording, from which a replay can begin: up to the first thing that was taken
 * out of the output. Behind it a screen may hold that in pieces, in which nothing would find it.
 */
async function* withScreens(
  out: Redacted,
  { index, screen }: ExportSource,
  batches: AsyncIterable<readonly TerminalRecord[]>,
): AsyncGenerator<TerminalRecord | KeyframeRecord> {
  const points = index.points.filter(({ screenAt }) => screenAt !== null)
  let next = 0
  let outputBytes = 0
  for await (const records of batches)
    for (const record of records) {
      yield record
      outputBytes += record.kind === 'output' ? record.bytes.length : 0
      for (; (points[next]?.outputBytes ?? Infinity) < outputBytes; next++);
      const point = points[next]
      if (point?.outputBytes !== outputBytes || out.hasTaken()) continue
      next++
      const found = await screen(point)
      if (found && out.isClean(found.screen))
        yield { kind: 'keyframe', monoMs: record.monoMs, ...pickScreen(found) }
    }
}

const pickScreen = ({ outputBytes, cols, rows, screen }: Keyframe): Keyframe => ({
  ...{ outputBytes, cols, rows, screen },
})

/** Batches joined until they are worth a block. */
async function* inBlocks(
  batches: AsyncIterable<readonly TimelineEvent[]>,
): AsyncGenerator<readonly TimelineEvent[]> {
  let block: TimelineEvent[] = []
  for await (const events of batches) {
    block.push(...events)
    if (block.length < EVENTS_IN_BLOCK) continue
    yield block
    block = []
  }
  if (block.length > 0) yield block
}
const EVENTS_IN_BLOCK = 5000

type Redacted = ReturnType<typeof createRedacted>

/** All that leaves passes here. */
function createRedacted({ source, session, redactions, progress }: Leaving) {
  const counts = redactions.map(() => 0)
  const counted = (number: number): void => {
    counts[number] = (counts[number] ?? 0) + 1
  }
  const { points } = source.index
  const redactor = createRecordRedactor(redactions)
  return {
    session: redactDeep(session, redactions),
    markers: redactDeep(source.markers, redactions, counted),
    text: (text: string): string => redactText(text, redactions, counted),
    async *events(): AsyncGenerator<readonly TimelineEvent[]> {
      for await (const events of source.events()) {
        progress(EVENTS_SHARE / 2)
        const texts = events.map(({ fact }) => textsOf(fact))
        // Most batches hold nothing, and looking is much faster than writing anew.
        yield mayFindIn(texts, redactions) ? redactDeep(events, redactions, counted) : events
      }
    },
    async *records(): AsyncGenerator<readonly TerminalRecord[]> {
      for (let number = 0; number < points.length; number++) {
        progress(EVENTS_SHARE + ((FILES_SHARE - EVENTS_SHARE) * number) / points.length)
        yield redactor.push(await source.part(number))
      }
      yield redactor.end()
      for (const [number, count] of redactor.counts.entries())
        counts[number] = (counts[number] ?? 0) + count
    },
    /** Of the output, of what was given so far and a little more. */
    hasTaken: (): boolean => redactor.counts.some((count) => count > 0),
    isClean: (screen: Uint8Array): boolean => !mayFindIn([latin(screen)], redactions),
    /** What was taken out so far, and how often. */
    taken: (): Tail['redacted'] =>
      redactions.flatMap(({ id, name }, number) => {
        const count = counts[number] ?? 0
        // The word itself must not be in what it was taken out of.
        const said = id.startsWith('word:') ? 'A word of your choice' : name
        return count > 0 ? [{ name: said, count }] : []
      }),
  }
}
