export interface Segment {
  readonly kind: 'plain' | 'escape'
  readonly text: string
}

export interface Revealed {
  readonly segments: readonly Segment[]
  /** Characters left out at the end. */
  readonly hidden: number
}

/**
 * Everything that does not show, or that changes how its neighbours show: controls, format
 * characters (direction, joiners, tags), private use, line and paragraph separators, blanks
 * other than the plain one, characters that draw nothing, and marks stacked past the third.
 */
const INVISIBLE =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u
export const isHidden = (char: string): boolean => INVISIBLE.test(char)

const MARK = /\p{M}/u
const MAX_MARKS = 3

const SHORT: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u001b': '\\e',
}

/**
 * Text that a program inside the sandbox chose, made fit to stand beside our own words: nothing
 * in it can hide, reorder or move what is shown.
 */
export function reveal(text: string, maxChars: number): Revealed {
  const segments: Segment[] = []
  const add = (kind: Segment['kind'], part: string): void => {
    const last = segments.at(-1)
    if (last?.kind === kind) segments[segments.length - 1] = { kind, text: last.text + part }
    else segments.push({ kind, text: part })
  }
  let shown = 0
  let marks = 0
  for (const char of text) {
    if (shown >= maxChars) break
    shown += char.length
    marks = MARK.test(char) ? marks + 1 : 0
    if (isHidden(char) || marks > MAX_MARKS) add('escape', escapeOf(char))
    else add('plain', char)
  }
  return { segments, hidden: Math.max(0, text.length - shown) }
}

/** The same, as one string: for titles, labels and the screen reader. */
export function revealText(text: string, maxChars: number): string {
  const { segments, hidden } = reveal(text, maxChars)
  return segments.map((segment) => segment.text).join('') + (hidden > 0 ? '…' : '')
}

function escapeOf(char: string): string {
  const short = SHORT[char]
  if (short) return short
  const code = char.codePointAt(0) ?? 0
  const hex = code.toString(16).toUpperCase()
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `⟨U+${hex.padStart(4, '0')}⟩`
}

/** Reads back as one word: blanks, quotes and what a shell would expand are quoted. */
export const quoteWord = (word: string): string =>
  /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : inQuotes(word)

export const inQuotes = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

/** argv as one line a person can read back. */
export const joinArgv = (argv: readonly string[]): string => argv.map(quoteWord).join(' ')
