import type { TerminalRecord } from '../terminal-log.ts'

/**
 * The output of a terminal as one text in which a place leads back to its bytes: one character for
 * each byte. Secrets are ASCII, so they are found in it as they are; other text is not readable.
 */
export interface TerminalText {
  readonly text: string
  /** Session clock of the byte at a place, ms. */
  timeAt(place: number): number
}

const PIECE = 32_768

export function bytesAsText(records: readonly TerminalRecord[]): TerminalText {
  const starts: number[] = []
  const times: number[] = []
  const parts: string[] = []
  let length = 0
  for (const record of records) {
    if (record.kind !== 'output') continue
    starts.push(length)
    times.push(record.monoMs)
    length += record.bytes.length
    for (let at = 0; at < record.bytes.length; at += PIECE)
      parts.push(String.fromCharCode(...record.bytes.subarray(at, at + PIECE)))
  }
  return {
    text: parts.join(''),
    timeAt: (place) => times[lastAtMost(starts, place)] ?? 0,
  }
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
