import type { Terminal } from '@xterm/headless'
import type { TerminalTheme } from '../../shared/terminal-settings.ts'
import { type ColorRequest, coreOf } from './xterm-internals.ts'

type Rgb = readonly [number, number, number]

const FOREGROUND = 256
const BACKGROUND = 257
const CURSOR = 258
const SPECIAL = [FOREGROUND, BACKGROUND, CURSOR]

// xterm's own first sixteen; the rest of the 256 follow a formula.
const ANSI =
  '2e3436 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf 555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec'
    .split(' ')
    .map(parse)

function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.replace('#', ''), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

function palette(index: number): Rgb {
  const ansi = ANSI[index]
  if (ansi) return ansi
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10
    return [grey, grey, grey]
  }
  const step = (n: number): number => (n === 0 ? 0 : 55 + n * 40)
  const cube = index - 16
  return [step(Math.floor(cube / 36)), step(Math.floor(cube / 6) % 6), step(cube % 6)]
}

// Sixteen bits a channel, as xterm answers.
const spec = (color: Rgb): string =>
  `rgb:${color.map((c) => c.toString(16).padStart(2, '0').repeat(2)).join('/')}`

const ident = (index: number): string =>
  index < FOREGROUND ? `4;${index}` : `${10 + index - FOREGROUND}`

/** Colours a program set or asks for. The headless terminal parses both and draws neither. */
export class ScreenColors {
  readonly #theme: Readonly<Record<number, Rgb>>
  readonly #changed = new Map<number, Rgb>()

  constructor(terminal: Terminal, theme: TerminalTheme, answer: (text: string) => void) {
    this.#theme = {
      [FOREGROUND]: parse(theme.foreground),
      [BACKGROUND]: parse(theme.background),
      [CURSOR]: parse(theme.cursor),
    }
    coreOf(terminal)._inputHandler.onColor((requests) => {
      for (const request of requests) this.#handle(request, answer)
    })
  }

  /** Sequences that bring a viewer's colours into the same state. */
  draw(): string {
    const sets = [...this.#changed].map(
      ([index, color]) => `\x1b]${ident(index)};${spec(color)}\x1b\\`,
    )
    const reset = ['104', ...SPECIAL.map((_, n) => `${110 + n}`)]
    return [...reset.map((code) => `\x1b]${code}\x1b\\`), ...sets].join('')
  }

  #handle({ type, index, color }: ColorRequest, answer: (text: string) => void): void {
    if (type === 1 && index !== undefined && color) this.#changed.set(index, color)
    if (type === 2 && index !== undefined) this.#changed.delete(index)
    if (type === 2 && index === undefined)
      for (const key of [...this.#changed.keys()]) if (key < FOREGROUND) this.#changed.delete(key)
    if (type === 0 && index !== undefined) {
      const current = this.#changed.get(index) ?? this.#theme[index] ?? palette(index)
      answer(`\x1b]${ident(index)};${spec(current)}\x1b\\`)
    }
  }
}
