import { joined } from '../../shared/joined.ts'

const ESC = 0x1b
const SPACE = 0x20
/** An unfinished string (OSC, DCS) longer than this is cut in the copy; its contents are lost. */
const MAX_OPEN_BYTES = 64 * 1024

/**
 * The end of the stream that the terminal has read but not yet acted upon: the start of an escape
 * sequence or of a character. A snapshot repeats it, so that the bytes that follow complete it.
 */
export class OpenSequence {
  #open: Uint8Array = new Uint8Array(0)

  /** `isGround`: the parser is between sequences after `chunk`. */
  parsed(chunk: Uint8Array, isGround: boolean): void {
    if (isGround) {
      const last = chunk.length >= 3 ? chunk : joined([this.#open, chunk])
      this.#open = last.slice(last.length - partialCharacter(last))
      return
    }
    const start = sequenceStart(chunk)
    const open = start === -1 ? joined([this.#open, chunk]) : chunk.slice(start)
    this.#open = open.slice(0, MAX_OPEN_BYTES)
  }

  bytes(): Uint8Array {
    // Controls inside a sequence were carried out as they came; repeating them would do it twice.
    return this.#open.filter((byte, index) => byte >= SPACE || index === 0)
  }
}

/** ESC starts a sequence from anywhere, and so do the 8-bit introducers (U+0090…U+009F). */
function sequenceStart(chunk: Uint8Array): number {
  for (let at = chunk.length - 1; at >= 0; at--) {
    if (chunk[at] === ESC) return at
    if (chunk[at] === 0xc2 && isIntroducer(chunk[at + 1])) return at
  }
  return -1
}

const isIntroducer = (byte: number | undefined): boolean =>
  byte === 0x90 || byte === 0x98 || byte === 0x9b || byte === 0x9d || byte === 0x9e || byte === 0x9f

/** Bytes of an unfinished UTF-8 character at the end of `bytes`, 0 to 3. */
function partialCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number
    if ((byte & 0xc0) === 0x80) continue
    const length =
      (byte & 0xe0) === 0xc0 ? 2 : (byte & 0xf0) === 0xe0 ? 3 : (byte & 0xf8) === 0xf0 ? 4 : 1
    return length > back ? back : 0
  }
  return 0
}
