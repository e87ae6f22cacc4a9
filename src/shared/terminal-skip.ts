import { joined } from './joined.ts'

/**
 * Of a flood of plain lines only the last ones leave anything on a screen: what came before has been
 * scrolled out of it, and of its history. Lines are plain that hold text, colours, tabs and line ends
 * and nothing else. Leaving out the others gives the same screen, history included, to the last cell.
 */
export interface PlainTail {
  /** Where the last lines begin. */
  readonly from: number
  /** What the lines before it left of the pen. */
  readonly pen: Uint8Array
}

const ESC = 0x1b
const LINE_FEED = 0x0a
const RETURN = 0x0d
const TAB = 0x09
const BRACKET = 0x5b
const SGR = 0x6d
/** Sequences that set the pen and are never reset. */
const MOST_PEN = 16 * 1024

/** What a byte is; the rest are other controls, of which none is plain. */
const TEXT = 0
const END = 1
const ESCAPE = 2
/** Before some bytes it makes a control character of two bytes. */
const LEAD = 3
const OTHER = 4
const CLASS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === LINE_FEED) return END
  if (byte === ESC) return ESCAPE
  if (byte === 0xc2) return LEAD
  return byte >= 0x20 || byte === TAB || byte === RETURN ? TEXT : OTHER
})

/** How many bytes from the beginning are plain lines; ends after a line end. */
export function plainBytes(bytes: Uint8Array): number {
  // It may be the end of a character that began before.
  if (((bytes[0] ?? 0) & 0xc0) === 0x80) return 0
  let end = 0
  for (let at = 0; at < bytes.length; ) {
    const kind = CLASS[bytes[at]!]!
    if (kind === TEXT) at++
    else if (kind === END) end = ++at
    else if (kind === ESCAPE) {
      at = endOfPen(bytes, at)
      if (at === -1) return end
    } else if (kind === LEAD && (bytes[at + 1] ?? 0) >= 0xa0) at += 2
    else return end
  }
  return end
}

/**
 * Where the last `lines` lines of plain bytes begin, at a line of its own; null: there are not so many,
 * or they set the pen in too many ways. All of `bytes` is plain, as `plainBytes` says.
 */
export function plainTail(bytes: Uint8Array, lines: number): PlainTail | null {
  let from = bytes.length
  // The last of them ends at the end, so the first begins after one line end more.
  for (let left = lines; from > 0; from--) {
    if (bytes[from - 1] !== LINE_FEED || left-- > 0) continue
    if (bytes[from - 2] === RETURN) break
  }
  if (from < 2) return null
  const pen = penBefore(bytes, from)
  return pen && { from, pen }
}

/** The sequences that set the pen since it was last reset. */
function penBefore(bytes: Uint8Array, end: number): Uint8Array | null {
  const parts: Uint8Array[] = []
  let size = 0
  for (let until = end; ; ) {
    const at = bytes.lastIndexOf(ESC, until - 1)
    if (at === -1 || until === 0) break
    const part = bytes.subarray(at, endOfPen(bytes, at))
    parts.unshift(part)
    size += part.length
    if (size > MOST_PEN) return null
    // `CSI m` and `CSI 0 …` begin with a reset.
    const isReset = part.length === 3 || (part[2] === 0x30 && (part[3] === SGR || part[3] === 0x3b))
    if (isReset) break
    until = at
  }
  return joined(parts)
}

/** After the sequence `CSI … m` that begins at `at`; -1: it is another one, or cut. */
function endOfPen(bytes: Uint8Array, at: number): number {
  if (bytes[at + 1] !== BRACKET) return -1
  for (let end = at + 2; end < bytes.length; end++) {
    const byte = bytes[end]!
    if (byte === SGR) return end + 1
    // Digits, `:` and `;`.
    if (byte < 0x30 || byte > 0x3b) return -1
  }
  return -1
}
