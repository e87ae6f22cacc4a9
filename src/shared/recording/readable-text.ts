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

const texts = new WeakMap<readonly TerminalRecord[], TerminalText>()
const MOST_LINE = 400

/** The last line with something in it that was written before a moment; null: there was none. */
export function lineBefore(records: readonly TerminalRecord[], monoMs: number): string | null {
  const known = texts.get(records) ?? readableText(records)
  texts.set(records, known)
  const end = known.placeAt(monoMs)
  const lines = known.text.slice(Math.max(0, end - MOST_LINE), end).split('\n')
  return lines.map((line) => line.trim()).findLast((line) => line !== '') ?? null
}

export interface Match {
  /** Session clock, ms. */
  readonly atMs: number
  /** From 1, and of how many. */
  readonly number: number
  readonly count: number
}

/** A search through a whole recording; letters of any case, and any white space for one space. */
export function createSearch(records: readonly TerminalRecord[]): {
  /** The nearest after or before a moment, and around the end; null: there is none. */
  find(words: string, fromMs: number, direction: 1 | -1): Match | null
} {
  let text: TerminalText | null = null
  let last: { readonly words: string; readonly times: readonly number[] } = { words: '', times: [] }
  const timesOf = (words: string): readonly number[] => {
    if (words === last.words) return last.times
    text ??= readableText(records)
    const parts = words.trim().split(/\s+/).map(escaped)
    const pattern = new RegExp(parts.join('\\s+'), 'gi')
    const { timeAt } = text
    last = {
      words,
      times: [...text.text.matchAll(pattern)].map(({ index }) => timeAt(index)),
    }
    return last.times
  }
  return {
    find: (words, fromMs, direction) => {
      if (words.trim() === '') return null
      const times = timesOf(words)
      if (times.length === 0) return null
      const found =
        direction > 0
          ? times.findIndex((atMs) => atMs > fromMs)
          : times.findLastIndex((atMs) => atMs < fromMs)
      const index = found !== -1 ? found : direction > 0 ? 0 : times.length - 1
      return { atMs: times[index] ?? 0, number: index + 1, count: times.length }
    },
  }
}
