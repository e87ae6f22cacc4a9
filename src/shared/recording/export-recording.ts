import type { ContentHash } from '../domain/file-changes.ts'
import type { TerminalId } from '../domain/ids.ts'
import type { ExitStatus } from '../domain/process.ts'
import type { Session } from '../domain/session.ts'
import type { TerminalIndex } from '../domain/terminal-index.ts'
import type { Fact, TimelineEvent } from '../domain/timeline.ts'
import {
  encodeKeyframe,
  encodeRecord,
  type KeyframeRecord,
  type TerminalRecord,
} from '../terminal-log.ts'
import type { Marker } from './asciicast.ts'
import { createCastWriter } from './cast-writer.ts'
import {
  type ExportFormat,
  type ExportSource,
  type ExportTerminal,
  type FurtherName,
  furtherIn,
  hashesIn,
} from './export-source.ts'
import { type CreateScreen, type LeavingOutput, withScreens } from './page-screens.ts'
import { type PageParts, pageBlock, pageFoot, pageHead } from './offline-page.ts'
import { BLOCK_BYTES, createBlockCutter, type Tail, tailText } from './packed-recording.ts'
import { mayFindIn, type Redaction, redactDeep, redactText, textsOf } from './redaction.ts'
import { createRecordRedactor } from './redacted-records.ts'
import { latin } from './terminal-text.ts'
import { createTerminalIndexer, type TerminalIndexer } from './terminal-indexer.ts'
import { createTerminalLines } from './terminal-lines.ts'

export interface Leaving {
  readonly source: ExportSource
  /** As it is now. */
  readonly session: Session
  /** The one that a cast holds, for it holds one; null: the agent's. */
  readonly terminal: TerminalId | null
  /** What is taken out. */
  readonly redactions: readonly Redaction[]
  /** To draw screens on that a page is to have. */
  readonly createScreen: CreateScreen
  /** Words for an event that becomes a marker of a cast. */
  readonly labelOf: (fact: Fact) => string
  /** A share of the whole; throws to give up. */
  readonly progress: (share: number) => void
}

/** Shares of the work: events first, then the terminals, then what was in files. */
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
      return yield* linesOf(leaving, out)
    case 'cast2':
    case 'cast3':
      return yield* castOf(leaving, out, format === 'cast2' ? 2 : 3)
    case 'html':
      if (!page) throw new Error('the parts of the page are missing')
      return yield* pageOf(leaving, out, page)
  }
}

/** Every event, then every terminal. */
async function* linesOf({ source }: Leaving, out: Redacted): AsyncGenerator<string> {
  const further: FurtherName[] = []
  for await (const events of out.events()) {
    further.push(...furtherIn(events))
    yield events.map((event) => `${JSON.stringify(event)}\n`).join('')
  }
  const all = [null, ...further.map((each) => each.id)]
  for (const [place, id] of all.entries()) {
    const lines = createTerminalLines(id)
    const terminal = out.terminal(await source.terminal(id), place / all.length, 1 / all.length)
    for await (const records of terminal.records()) yield lines(records)
  }
}

/** A terminal alone, with marks where Cloche asked or refused. */
async function* castOf(
  { source, labelOf, terminal: id }: Leaving,
  out: Redacted,
  version: 2 | 3,
): AsyncGenerator<string> {
  const decisions: Marker[] = []
  let name: FurtherName | undefined
  let exit: ExitStatus | null = id === null ? out.session.exit : null
  for await (const events of out.events()) {
    name ??= furtherIn(events).find((each) => each.id === id)
    for (const { fact, monoMs } of events) {
      if (isMarked(fact)) decisions.push({ atMs: monoMs, label: labelOf(fact) })
      if (fact.type === 'terminal/ended' && fact.terminal === id) exit = fact.exit
    }
  }
  const { title, spec, createdAtMs } = out.session
  const terminal = await source.terminal(id)
  const writer = createCastWriter(
    {
      title: name ? `${title}, terminal ${name.number}` : title,
      command: id === null ? spec.command : null,
      startedAtMs: createdAtMs,
      // What was said, was said to the agent.
      markers: [...(id === null ? out.markers : []), ...decisions],
      exit: exit?.kind === 'exited' ? exit.code : null,
      lastMs: terminal.index.durationMs,
    },
    version,
  )
  for await (const records of out.terminal(terminal, 0, 1).records()) yield writer.push(records)
  yield writer.end()
}

const isMarked = (fact: Fact): boolean =>
  fact.type === 'prompt/raised' ||
  fact.type === 'prompt/answered' ||
  fact.type === 'question/asked' ||
  fact.type === 'question/settled' ||
  fact.type === 'limits/reached' ||
  (fact.type === 'net/decided' && fact.decision.action === 'deny')

async function* pageOf(
  { source, progress, createScreen }: Leaving,
  out: Redacted,
  page: PageParts,
): AsyncGenerator<string> {
  const encoder = new TextEncoder()
  yield pageHead(out.session.title, page)
  const hashes = new Set<ContentHash>()
  const further: FurtherName[] = []
  for await (const events of inBlocks(out.events())) {
    further.push(...furtherIn(events))
    for (const hash of hashesIn(events)) hashes.add(hash)
    yield pageBlock('events', encoder.encode(JSON.stringify(events)), page)
  }
  let blocks = 0
  const terminals: { readonly firstBlock: number; readonly index: TerminalIndex }[] = []
  const all = [null, ...further.map((each) => each.id)]
  for (const [place, id] of all.entries()) {
    const firstBlock = blocks
    const indexer = createTerminalIndexer()
    const terminal = await source.terminal(id)
    const leaving = out.terminal(terminal, place / all.length, 1 / all.length)
    const records = withScreens(leaving, terminal, createScreen)
    for await (const block of blocksOf(records, indexer)) {
      blocks++
      yield pageBlock('terminal', block, page)
    }
    terminals.push({ firstBlock, index: indexer.index('none') })
  }
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
  const [agent, ...others] = terminals
  const tail = {
    index: agent?.index ?? createTerminalIndexer().index('none'),
    further: further.flatMap(({ id }, place) => {
      const found = others[place]
      return found ? [{ terminal: id, ...found }] : []
    }),
    ...{ markers: [...out.markers], redacted: out.taken(), contents },
  }
  yield pageBlock('tail', encoder.encode(tailText(tail)), page)
  yield pageFoot(page)
}

/** A terminal as blocks of its own, none of which another one shares; `indexer` is told where what is. */
async function* blocksOf(
  records: AsyncIterable<TerminalRecord | KeyframeRecord>,
  indexer: TerminalIndexer,
): AsyncGenerator<Uint8Array> {
  const cutter = createBlockCutter()
  let at = 0
  for await (const record of records) {
    const bytes =
      record.kind === 'keyframe' ? encodeKeyframe(record.monoMs, record) : encodeRecord(record)
    indexer.add(record, at, at + bytes.length)
    at += bytes.length
    yield* cutter.push(bytes)
  }
  const rest = cutter.rest()
  if (rest) yield rest
}

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
    /** The output of one. `before`, `own`: shares of the work on all of them. */
    terminal: (
      { index: { points }, part }: ExportTerminal,
      before: number,
      own: number,
    ): LeavingOutput => {
      const redactor = createRecordRedactor(redactions)
      return {
        async *records(): AsyncGenerator<readonly TerminalRecord[]> {
          for (let number = 0; number < points.length; number++) {
            const done = before + (own * number) / points.length
            progress(EVENTS_SHARE + (FILES_SHARE - EVENTS_SHARE) * done)
            yield redactor.push(await part(number))
          }
          yield redactor.end()
          for (const [number, count] of redactor.counts.entries())
            counts[number] = (counts[number] ?? 0) + count
        },
        hasTaken: (): boolean => redactor.counts.some((count) => count > 0),
        isClean: (screen: Uint8Array): boolean => !mayFindIn([latin(screen)], redactions),
      }
    },
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
