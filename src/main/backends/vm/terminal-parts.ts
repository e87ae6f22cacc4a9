/** Kinds of parts on the stream of a further terminal, as native/vm-terminals.h has them. */
export const PART = { start: 1, typed: 2, resized: 3, made: 4, shown: 5, over: 6 } as const
export type PartKind = (typeof PART)[keyof typeof PART]

const HEAD_BYTES = 4
/** Without its head. */
export const MOST_PART = 16_384

/** `content` has at most `MOST_PART` bytes. */
export function partOf(kind: PartKind, content: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt8(kind, 0)
  head.writeUInt16LE(content.length, 2)
  return Buffer.concat([head, content])
}

/** What was typed, in as many parts as it takes. */
export function typedParts(bytes: Uint8Array): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += MOST_PART)
    parts.push(partOf(PART.typed, bytes.subarray(at, at + MOST_PART)))
  return Buffer.concat(parts)
}

/**
 * Reads parts from a stream that nobody vouches for, as it comes, and keeps less than one of them.
 * False: it is none of ours, and no more of it is taken.
 */
export function createPartReader(
  take: (kind: number, content: Buffer) => void,
): (bytes: Uint8Array) => boolean {
  let rest = Buffer.alloc(0)
  let isOurs = true
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    while (isOurs && rest.length >= HEAD_BYTES) {
      const size = rest.readUInt16LE(2)
      if (size > MOST_PART) isOurs = false
      if (!isOurs || rest.length < HEAD_BYTES + size) break
      take(rest.readUInt8(0), rest.subarray(HEAD_BYTES, HEAD_BYTES + size))
      rest = rest.subarray(HEAD_BYTES + size)
    }
    return isOurs
  }
}
