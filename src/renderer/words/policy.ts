import type { PolicySentence } from '../../shared/domain/effective-policy.ts'
import { AXES, type Axis } from '../../shared/domain/isolation.ts'
import { inQuotes, isHidden, quoteWord } from './reveal.ts'

export const ORIGINS: Readonly<
  Record<PolicySentence['origin'], { readonly name: string; readonly why: string }>
> = {
  boundary: { name: 'boundary', why: 'Part of the boundary itself, the same for every session' },
  agent: { name: 'agent', why: 'What this agent needs in order to run' },
  person: { name: 'you', why: 'A choice or rule of yours' },
}

export interface PolicyGroup {
  readonly axis: Axis
  readonly can: readonly PolicySentence[]
  readonly cannot: readonly PolicySentence[]
}

/** By axis, in the order of the strip; axes without a matching sentence are left out. */
export function groupSentences(
  sentences: readonly PolicySentence[],
  wanted: string,
): readonly PolicyGroup[] {
  const found = sentences.filter(({ axis, kind, text, origin }) =>
    holds(`${axis} ${kind} ${text} ${ORIGINS[origin].name}`, wanted),
  )
  return AXES.map((axis) => {
    const own = found.filter((item) => item.axis === axis)
    return {
      axis,
      can: own.filter((item) => item.kind === 'can'),
      cannot: own.filter((item) => item.kind === 'cannot'),
    }
  }).filter(({ can, cannot }) => can.length + cannot.length > 0)
}

const holds = (text: string, wanted: string): boolean =>
  text.toLowerCase().includes(wanted.trim().toLowerCase())

export interface CommandRow {
  /** Place of its first word in the command, from 1. */
  readonly at: number
  /** An option with its values, each quoted for a shell. */
  readonly words: readonly string[]
}

/**
 * The command as rows a person can read: every option begins one, its values follow it. After
 * `--` stands the program inside, one row. Nothing is left out.
 */
export function commandRows(command: readonly string[]): readonly CommandRow[] {
  const rows: { at: number; words: string[] }[] = []
  let isInside = false
  command.forEach((word, index) => {
    const begins = index === 0 || (!isInside && word.startsWith('-'))
    if (begins) rows.push({ at: index + 1, words: [] })
    rows.at(-1)!.words.push(shellWord(word, index === 0))
    if (word === '--') isInside = true
  })
  return rows
}

export const rowsWith = (rows: readonly CommandRow[], wanted: string): readonly CommandRow[] =>
  rows.filter(({ words }) => holds(words.join(' '), wanted))

/** The whole command for a POSIX shell, on one line whatever is in it. */
export const shellLine = (command: readonly string[]): string =>
  command.map((word, index) => shellWord(word, index === 0)).join(' ')

/** One argument on a line; pasted into a shell it is the same command. */
export const shellLines = (command: readonly string[]): string =>
  command.map((word, index) => shellWord(word, index === 0)).join(' \\\n')

/**
 * A word as a shell reads it back. What does not show is spelled out (`$'\x1b'`), so that a paste
 * neither drives the terminal nor looks like something else.
 */
function shellWord(word: string, isProgram: boolean): string {
  if ([...word].some(isHidden)) return `$'${[...word].map(spellOut).join('')}'`
  // As the first word it would be an assignment.
  return isProgram && word.includes('=') ? inQuotes(word) : quoteWord(word)
}

function spellOut(char: string): string {
  if (char === '\\' || char === "'") return `\\${char}`
  if (!isHidden(char)) return char
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${hex(code, 2)}`
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')
