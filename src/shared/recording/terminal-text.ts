/** The output of a terminal as one text in which a place leads back to its time. */
export interface TerminalText {
  readonly text: string
  /** Session clock of what stands at a place, ms. */
  timeAt(place: number): number
  /** Where that ends which came before a moment. */
  placeAt(monoMs: number): number
}

const PIECE = 32_768

/** Joins pieces that each came at one time. */
export function placesOf(
  pieces: readonly { readonly text: string; readonly monoMs: number }[],
): TerminalText {
  const starts: number[] = []
  const times = pieces.map((piece) => piece.monoMs)
  let length = 0
  for (const { text } of pieces) {
    starts.push(length)
    length += text.length
  }
  return {
    text: pieces.map(({ text }) => text).join(''),
    timeAt: (place) => pieces[lastAtMost(starts, place)]?.monoMs ?? 0,
    placeAt: (monoMs) => starts[lastAtMost(times, monoMs) + 1] ?? length,
  }
}

/**
 * One character for each byte. Secrets are ASCII, so they are found in it as they are; other text is
 * not readable.
 */
export function latin(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE)
    // Several times as fast as spreading them.
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + PIECE))
  return text
}

export function latinBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}
