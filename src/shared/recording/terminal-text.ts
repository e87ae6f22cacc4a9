import type { TerminalRecord } from '../terminal-log.ts'

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
export const bytesAsText = (records: readonly TerminalRecord[]): TerminalText =>
  placesOf(
    records.flatMap((record) =>
      record.kind === 'output' ? [{ monoMs: record.monoMs, text: latin(record.bytes) }] : [],
    ),
  )

function latin(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += PIECE)
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE))
  return text
}

/** The same records with other bytes; `text` is as long as all of their output. */
export function withText(records: readonly TerminalRecord[], text: string): TerminalRecord[] {
  let at = 0
  return records.map((record) => {
    if (record.kind !== 'output') return record
    const bytes = new Uint8Array(record.bytes.length)
    for (let index = 0; index < bytes.length; index++) bytes[index] = text.charCodeAt(at + index)
    at += bytes.length
    return { ...record, bytes }
  })
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
