import { escaped } from './escaped.ts'
import type { TerminalRecord } from '../terminal-log.ts'
import { placesOf, type TerminalText } from './terminal-text.ts'

// What a person could read of a terminal's output, in the order it was written: without colours,
// movements and titles. A program that draws its screen anew writes the same words again.

/** CSI, OSC and the other strings, character sets, and single escapes. */
const SEQUENCE =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])/g
/** The beginning of one, where a piece ends. */
const OPEN_END = /\x1b(?:[\]PX^_][^\x07\x1b]*\x1b?|\[[0-?]*[ -/]*|[ -/]*)$/
/** A movement separates words as a space does. */
const MOVES = /\x1b\[[0-9;]*[ABCDEFGHdf]/g
const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f]+/g
/** An unfinished sequence that is longer is taken for text. */
const MOST_HELD = 64 * 1024

export function readableText(records: readonly TerminalRecord[]): TerminalText {
  const decoder = new TextDecoder()
  const pieces: { readonly text: string; readonly monoMs: number }[] = []
  let held = ''
  for (const record of records) {
    if (record.kind !== 'output') continue
    let text = held + decoder.decode(record.bytes, { stream: true })
    held = ''
    const open = text.search(OPEN_END)
    if (open !== -1 && text.length - open < MOST_HELD) {
      held = text.slice(open)
      text = text.slice(0, open)
    }
    pieces.push({ monoMs: record.monoMs, text: plain(text) })
  }
  return placesOf(pieces)
}

const plain = (text: string): string =>
  text.replaceAll(MOVES, ' ').replaceAll(SEQUENCE, '').replaceAll(CONTROLS, '')

const MOST_LINE = 400

/** The last line with something in it that was written before a moment; null: there was none. */
export function lastLineBefore({ text, placeAt }: TerminalText, monoMs: number): string | null {
  const end = placeAt(monoMs)
  const lines = text.slice(Math.max(0, end - MOST_LINE), end).split('\n')
  return lines.map((line) => line.trim()).findLast((line) => line !== '') ?? null
}

/** Letters of any case, and any white space for one space; null: nothing to look for. */
export function patternOf(words: string): RegExp | null {
  const parts = words.trim().split(/\s+/).map(escaped)
  return words.trim() === '' ? null : new RegExp(parts.join('\\s+'), 'gi')
}

/** Each finding: where it begins, how long it is, and its time. */
export function* findingsIn(
  { text, timeAt }: TerminalText,
  pattern: RegExp,
): Generator<{ readonly place: number; readonly length: number; readonly atMs: number }> {
  for (const { index, 0: found } of text.matchAll(pattern))
    yield { place: index, length: found.length, atMs: timeAt(index) }
}

export interface Match {
  /** Session clock, ms. */
  readonly atMs: number
  /** From 1, and of how many. */
  readonly number: number
  readonly count: number
}

/** The nearest of these after or before a moment, and around the end; null: there is none. */
export function nearest(times: readonly number[], fromMs: number, direction: 1 | -1): Match | null {
  if (times.length === 0) return null
  const found =
    direction > 0
      ? times.findIndex((atMs) => atMs > fromMs)
      : times.findLastIndex((atMs) => atMs < fromMs)
  const index = found !== -1 ? found : direction > 0 ? 0 : times.length - 1
  return { atMs: times[index] ?? 0, number: index + 1, count: times.length }
}
