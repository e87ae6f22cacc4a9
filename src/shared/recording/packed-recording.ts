import { z } from 'zod'
import { ContentHash } from '../domain/file-changes.ts'
import { TerminalId } from '../domain/ids.ts'
import { TerminalIndex } from '../domain/terminal-index.ts'
import { joined } from '../joined.ts'
import { latin } from './terminal-text.ts'

// A recording as it stands in a page: blocks of text, each by itself, so that none of them has to be as
// large as the recording, and only those are opened that are looked at.

/** Bytes of a block before it is made smaller. Blocks of a terminal have exactly so many, but the last. */
export const BLOCK_BYTES = 1024 * 1024

/** `events`: an array of JSON; `terminal`: bytes of a log; `contents`: texts by hash; `tail`: the rest. */
export type BlockKind = 'events' | 'terminal' | 'contents' | 'tail'

const FORMAT = { format: 'cloche-recording', version: 2 } as const

/** The last block: what is known only at the end. */
export const Tail = z.strictObject({
  format: z.literal(FORMAT.format),
  version: z.literal(FORMAT.version),
  /** Of the agent's terminal, whose blocks come first. */
  index: TerminalIndex,
  /** The other terminals, in the order of their blocks. */
  further: z
    .array(
      z.strictObject({
        terminal: TerminalId,
        /** Number of its first block, among those of all terminals. */
        firstBlock: z.number().int(),
        index: TerminalIndex,
      }),
    )
    .default([]),
  /** What the agent wrote down of the conversation, and other moments that are no events. */
  markers: z.array(z.strictObject({ atMs: z.number(), label: z.string() })),
  /** What was taken out before it was written. */
  redacted: z.array(z.strictObject({ name: z.string(), count: z.number().int() })),
  /** Hashes in each of the blocks of contents. */
  contents: z.array(z.array(ContentHash)),
})
export type Tail = z.infer<typeof Tail>

export const tailText = (tail: Omit<Tail, 'format' | 'version'>): string =>
  JSON.stringify({ ...FORMAT, ...tail })

/** Cuts bytes that come one after the other into blocks. */
export function createBlockCutter(): {
  /** Blocks that are full now. */
  push(bytes: Uint8Array): Uint8Array[]
  rest(): Uint8Array | null
} {
  let parts: Uint8Array[] = []
  let size = 0
  return {
    push: (bytes) => {
      parts.push(bytes)
      size += bytes.length
      if (size < BLOCK_BYTES) return []
      const all = joined(parts)
      const blocks: Uint8Array[] = []
      let at = 0
      for (; at + BLOCK_BYTES <= all.length; at += BLOCK_BYTES)
        blocks.push(all.subarray(at, at + BLOCK_BYTES))
      parts = [all.subarray(at)]
      size = all.length - at
      return blocks
    },
    rest: () => (size === 0 ? null : joined(parts)),
  }
}

const PIECE = 0x6000

export function toBase64(bytes: Uint8Array): string {
  let text = ''
  // A multiple of three, so that the pieces join without padding between them.
  for (let at = 0; at < bytes.length; at += PIECE)
    text += btoa(latin(bytes.subarray(at, at + PIECE)))
  return text
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let index = 0; index < raw.length; index++) bytes[index] = raw.charCodeAt(index)
  return bytes
}
