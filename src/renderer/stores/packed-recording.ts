import { z } from 'zod'
import type { ContentHash } from '../../shared/domain/file-changes.ts'
import type { TerminalId } from '../../shared/domain/ids.ts'
import type { TerminalIndex } from '../../shared/domain/terminal-index.ts'
import { TimelineEvent } from '../../shared/domain/timeline.ts'
import { joined } from '../../shared/joined.ts'
import { keepLatest } from '../../shared/keep-latest.ts'
import { readByParts } from '../../shared/recording/log-by-parts.ts'
import { BLOCK_BYTES, type BlockKind, Tail } from '../../shared/recording/packed-recording.ts'
import { LIMITS } from '../../shared/rpc/frames.ts'
import { openBlock } from './page-parts.ts'
import { findHere, type RecordedLog, recordedLogOf } from './recorded-log.ts'
import { EXPORTED, type RecordingSource } from './recording-source.ts'

export interface Block {
  readonly kind: string
  /** As it stands in a page. */
  readonly data: string
}

export interface PackedRecording {
  readonly source: RecordingSource
  readonly events: readonly TimelineEvent[]
  /** What was taken out of it. */
  readonly taken: Tail['redacted']
}

/** Opened blocks that are kept; one part of a log lies in at most four. */
const MOST_KEPT = 8

const Texts = z.record(z.string(), z.string())

/**
 * A recording in a page, of which the terminal and the files' texts are opened when they are looked at.
 * null: it is of another version, or its end is missing. Rejects for a damaged one.
 */
export async function openPacked(blocks: readonly Block[]): Promise<PackedRecording | null> {
  const of = (kind: BlockKind): Block[] => blocks.filter((block) => block.kind === kind)
  const [last] = of('tail')
  const tail = last && Tail.safeParse(await jsonOf(last)).data
  if (!tail) return null
  const events: TimelineEvent[] = []
  for (const block of of('events')) {
    const found = await jsonOf(block)
    // What a chosen word made unreadable in one event takes nothing from the others.
    for (const event of Array.isArray(found) ? found : []) {
      const read = TimelineEvent.safeParse(event)
      if (read.success) events.push(read.data)
    }
  }
  const { index, further, markers, redacted } = tail
  const block = keeping(of('terminal'))
  /** Behind the last of its blocks are another terminal's, of which no index leads to any. */
  const logOf = (index: TerminalIndex, firstBlock: number): RecordedLog => {
    const log = readByParts(index, async (at) => {
      const first = firstBlock + Math.floor(at / BLOCK_BYTES)
      const bytes = await Promise.all([block(first), block(first + 1)])
      const from = at % BLOCK_BYTES
      return joined(bytes).subarray(from, from + LIMITS.readBytes)
    })
    return { ...log, find: findHere(log) }
  }
  const logs = new Map<TerminalId | null, RecordedLog>([
    [null, logOf(index, 0)],
    ...further.map((each) => [each.terminal, logOf(each.index, each.firstBlock)] as const),
  ])
  return {
    events,
    taken: redacted,
    source: {
      events: () => Promise.resolve(events),
      terminal: (id) => Promise.resolve(logs.get(id) ?? recordedLogOf([])),
      content: contentsOf(of('contents'), tail.contents),
      ...EXPORTED,
      markers: () => Promise.resolve(markers),
    },
  }
}

const jsonOf = async ({ data }: Block): Promise<unknown> =>
  JSON.parse(new TextDecoder().decode(await openBlock(data)))

/** Behind the last there is nothing. */
function keeping(blocks: readonly Block[]): (number: number) => Promise<Uint8Array> {
  const kept = new Map<number, Promise<Uint8Array>>()
  return (number) => {
    const block = blocks[number]
    if (!block) return Promise.resolve(new Uint8Array())
    const opening = kept.get(number) ?? openBlock(block.data)
    keepLatest(kept, number, opening, MOST_KEPT)
    return opening
  }
}

function contentsOf(
  blocks: readonly Block[],
  hashes: Tail['contents'],
): RecordingSource['content'] {
  const places = new Map(hashes.flatMap((list, number) => list.map((hash) => [hash, number])))
  const open = keeping(blocks)
  return async (hash: ContentHash) => {
    const number = places.get(hash)
    if (number === undefined) return 'lost'
    const texts = Texts.parse(JSON.parse(new TextDecoder().decode(await open(number))))
    const text = texts[hash]
    return text === undefined ? 'lost' : { text }
  }
}
