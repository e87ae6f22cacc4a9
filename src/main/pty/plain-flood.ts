import { joined } from '../../shared/joined.ts'
import { MOST_PEN, penChange, scanPlain } from '../../shared/terminal-skip.ts'

/** From one ground state of the parser to another. */
interface Piece {
  readonly bytes: Uint8Array
  readonly lines: number
}

/** More is not kept: lines that are so long are no flood of lines. */
const MOST_BYTES = 8 * 1024 * 1024
/** A sequence that is longer before it ends is not one that sets the pen. */
const MOST_OPEN_BYTES = 1024
const LINE_FEED = 0x0a
const RETURN = 0x0d
/** Ends a sequence, or a character, that a drawn end left unfinished. */
const CANCEL = Uint8Array.of(0x18)

/**
 * The last lines of a flood of plain lines, from which a screen and its history can be drawn whenever
 * somebody wants them. Whatever is older has been scrolled out.
 */
export class PlainFlood {
  readonly #mostLines: number
  /** What came before the first piece left of the pen; begins with a reset. */
  #pen: Uint8Array
  #pieces: Piece[] = []
  /** An unfinished sequence or character after them. */
  #open: Uint8Array = new Uint8Array(0)
  #lines = 0
  #bytes = 0
  #size = 0
  #hasDropped = false
  #isTooColorful = false

  /** `pen` sets the terminal's pen as it is before the flood, beginning with a reset. */
  constructor(mostLines: number, pen: Uint8Array) {
    this.#mostLines = mostLines
    this.#pen = pen
  }

  /** False: there is something in it that is not plain. Then it does not belong to the flood. */
  add(bytes: Uint8Array): boolean {
    const all = this.#open.length > 0 ? joined([this.#open, bytes]) : bytes
    const { until, lines, isOpen } = scanPlain(all)
    if (!isOpen || all.length - until > MOST_OPEN_BYTES) return false
    this.#pieces.push({ bytes: all.subarray(0, until), lines })
    this.#open = all.subarray(until)
    this.#lines += lines
    this.#bytes += until
    this.#size += bytes.length
    this.#dropFirst()
    return true
  }

  /** Bytes it was given. */
  get size(): number {
    return this.#size
  }

  /** It cannot take more and still be short. */
  get isOver(): boolean {
    return this.#isTooColorful || this.#bytes > MOST_BYTES
  }

  /** Something is no longer there: only the lines that are kept can be drawn. */
  get hasDropped(): boolean {
    return this.#hasDropped
  }

  /** So many whole lines can be drawn. */
  has(lines: number): boolean {
    return this.#lines > lines
  }

  /**
   * Draws at least the last `lines` lines, of which there must be so many, up to the last byte. The line
   * before the first of them is drawn from anywhere: the terminal must scroll it out.
   */
  last(lines: number): Uint8Array | null {
    let left = lines
    let first = this.#pieces.length - 1
    while (first > 0 && this.#pieces[first]!.lines <= left) left -= this.#pieces[first--]!.lines
    const piece = this.#pieces[first]
    if (!piece) return null
    const from = startOfLast(piece.bytes, left)
    const pen = this.#penAt(first, from)
    if (!pen) return null
    const rest = this.#pieces.slice(first + 1).map(({ bytes }) => bytes)
    return joined([CANCEL, pen, piece.bytes.subarray(from), ...rest, this.#open])
  }

  /** Everything that is kept. */
  all(): Uint8Array {
    const pieces = this.#pieces.map(({ bytes }) => bytes)
    return joined([CANCEL, this.#pen, ...pieces, this.#open])
  }

  #dropFirst(): void {
    for (
      let first = this.#pieces[0];
      first && !this.#isTooColorful && this.#lines - first.lines > this.#mostLines;
      first = this.#pieces[0]
    ) {
      const pen = this.#penAt(0, first.bytes.length)
      if (!pen) {
        this.#isTooColorful = true
        return
      }
      this.#pen = pen
      this.#pieces.shift()
      this.#lines -= first.lines
      this.#bytes -= first.bytes.length
      this.#hasDropped = true
    }
  }

  /** As it is before a byte of a piece; null: it is set in too many ways to say it shortly. */
  #penAt(index: number, at: number): Uint8Array | null {
    const changes: Uint8Array[] = []
    for (let n = index, end = at; n >= 0; n--) {
      const change = penChange(this.#pieces[n]!.bytes, end)
      if (!change) return null
      changes.unshift(change.pen)
      if (change.isReset) return joined(changes)
      end = this.#pieces[n - 1]?.bytes.length ?? 0
    }
    const pen = joined([this.#pen, ...changes])
    return pen.length > MOST_PEN ? null : pen
  }
}

/** After a line end with at least `lines` line ends behind it; 0: there is none. */
function startOfLast(bytes: Uint8Array, lines: number): number {
  let from = bytes.length
  for (let left = lines; from > 0; from--)
    if (bytes[from - 1] === LINE_FEED && left-- <= 0 && bytes[from - 2] === RETURN) return from
  return 0
}
