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
export const MOST_PEN = 16 * 1024

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

/** How far bytes that begin between two sequences are plain. */
export interface PlainScan {
  /** After the last line end. */
  readonly end: number
  /** Line ends of carriage return and line feed. */
  readonly lines: number
  /** The first byte that is not plain, or begins what is not whole. */
  readonly until: number
  /** Nothing that is not plain was found: what follows may complete what begins there. */
  readonly isOpen: boolean
}

export function scanPlain(bytes: Uint8Array): PlainScan {
  const size = bytes.length
  let end = 0
  let lines = 0
  let at = 0
  while (at < size) {
    const kind = CLASS[bytes[at]!]!
    if (kind === TEXT) at++
    else if (kind === END) {
      if (bytes[at - 1] === RETURN) lines++
      end = ++at
    } else if (kind === ESCAPE) {
      const after = endOfPen(bytes, at)
      if (after < 0) return { end, lines, until: at, isOpen: after === CUT }
      at = after
    } else if (kind === LEAD && at + 1 === size) return { end, lines, until: at, isOpen: true }
    else if (kind === LEAD && bytes[at + 1]! >= 0xa0) at += 2
    else return { end, lines, until: at, isOpen: false }
  }
  return { end, lines, until: size, isOpen: true }
}

/** It may be the end of a character that began before. */
export const beginsWithin = (bytes: Uint8Array): boolean => ((bytes[0] ?? 0) & 0xc0) === 0x80

/** How many bytes from the beginning are plain lines; ends after a line end. */
export const plainBytes = (bytes: Uint8Array): number =>
  beginsWithin(bytes) ? 0 : scanPlain(bytes).end

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
  const change = penChange(bytes, from)
  return change && { from, pen: change.pen }
}

/** What a stretch of plain bytes does to the pen. */
export interface PenChange {
  /** The sequences that set it since it was last reset. */
  readonly pen: Uint8Array
  /** What it was before does not matter any more. */
  readonly isReset: boolean
}

/** Of `bytes` before `end`, all plain; null: they set it in too many ways. */
export function penChange(bytes: Uint8Array, end: number): PenChange | null {
  const parts: Uint8Array[] = []
  let size = 0
  for (let until = end; until > 0; ) {
    const at = bytes.lastIndexOf(ESC, until - 1)
    if (at === -1) break
    const part = bytes.subarray(at, endOfPen(bytes, at))
    parts.push(part)
    size += part.length
    if (size > MOST_PEN) return null
    // `CSI m` and `CSI 0 …` begin with a reset.
    const isReset = part.length === 3 || (part[2] === 0x30 && (part[3] === SGR || part[3] === 0x3b))
    if (isReset) return { pen: joined(parts.reverse()), isReset }
    until = at
  }
  return { pen: joined(parts.reverse()), isReset: false }
}

/** `endOfPen`: it is another sequence, or may still become one that sets the pen. */
const OTHER_SEQUENCE = -1
const CUT = -2

/** After the sequence `CSI … m` that begins at `at`. */
function endOfPen(bytes: Uint8Array, at: number): number {
  if (at + 1 >= bytes.length) return CUT
  if (bytes[at + 1] !== BRACKET) return OTHER_SEQUENCE
  for (let end = at + 2; end < bytes.length; end++) {
    const byte = bytes[end]!
    if (byte === SGR) return end + 1
    // Digits, `:` and `;`.
    if (byte < 0x30 || byte > 0x3b) return OTHER_SEQUENCE
  }
  return CUT
}
