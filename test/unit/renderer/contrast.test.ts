import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DARK_THEME } from '../../../src/shared/terminal-settings.ts'

const css = readFileSync(resolve(import.meta.dirname, '../../../src/renderer/theme.css'), 'utf8')

type Theme = 'light' | 'dark'
type Tokens = ReadonlyMap<string, string>

const declarations = (block: string): [string, string][] =>
  [...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name!, value!.trim()])

const [plainCss, moreCss] = css.split('@media (prefers-contrast: more)') as [string, string]
const PLAIN: Tokens = new Map(declarations(plainCss))
const MORE: Tokens = new Map([...declarations(plainCss), ...declarations(moreCss)])

/** Follows var() and light-dark() down to six hex digits. */
function colour(tokens: Tokens, value: string, theme: Theme): string {
  const reference = /^var\(--([\w-]+)\)$/.exec(value)
  if (reference) {
    const next = tokens.get(reference[1]!)
    if (!next) throw new Error(`theme.css has no --${reference[1]}`)
    return colour(tokens, next, theme)
  }
  const pair = /^light-dark\((.+?),\s*(.+)\)$/.exec(value)
  if (pair) return colour(tokens, pair[theme === 'light' ? 1 : 2]!, theme)
  if (/^#[0-9a-f]{6}$/.test(value)) return value
  throw new Error(`not a plain colour: ${value}`)
}

/** WCAG 2 relative luminance. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function ratio(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

const SURFACES = ['bg', 'bg-panel', 'bg-raised', 'bg-sunken', 'bg-control', 'bg-selected']

/** Text on what it stands on: 4.5, as WCAG AA asks. */
const TEXT: readonly (readonly [text: string, backgrounds: readonly string[]])[] = [
  [
    'text',
    [
      ...SURFACES,
      'bg-hover',
      'bg-selected-idle',
      'warn-bg',
      'error-bg',
      'drift-bg',
      'unconfined-bg',
    ],
  ],
  ['text-dim', [...SURFACES, 'bg-hover', 'bg-selected-idle', 'error-bg', 'drift-bg']],
  ['text-faint', [...SURFACES, 'bg-hover']],
  ['accent-text', ['bg', 'bg-panel', 'bg-sunken', 'bg-selected']],
  ['good-text', ['bg', 'bg-raised', 'bg-panel']],
  ['deny', ['bg', 'bg-raised', 'bg-panel', 'deny-bg', 'bg-selected']],
  ['ask', ['bg', 'bg-raised', 'bg-panel', 'bg-sunken', 'ask-bg']],
  ['warn', ['warn-bg', 'bg-raised', 'bg']],
  ['error', ['error-bg', 'bg', 'bg-sunken', 'bg-raised', 'bg-panel']],
  ['drift', ['drift-bg', 'bg-panel', 'bg-hover']],
  ['unconfined', ['unconfined-bg', 'bg', 'bg-panel']],
  ['on-accent', ['accent', 'accent-hover']],
  ['on-ask', ['ask-solid']],
  ['on-boundary', ['boundary-fill']],
  ['term-fg', ['term-bg']],
  ['term-dim', ['term-bg']],
]

/** Shapes that carry meaning: 3, as WCAG AA asks of graphics. */
const SHAPES: readonly (readonly [shape: string, backgrounds: readonly string[]])[] = [
  ['boundary-1', ['bg', 'bg-panel', 'bg-selected-idle']],
  ['boundary-2', ['bg', 'bg-panel', 'bg-selected-idle']],
  ['boundary-3', ['bg', 'bg-panel', 'bg-selected-idle']],
  ['focus', ['bg', 'bg-panel', 'bg-raised', 'bg-sunken']],
  ['violation', ['bg-panel']],
]

const ratiosBelow = (tokens: Tokens, theme: Theme, pairs: typeof TEXT, least: number): string[] =>
  pairs.flatMap(([front, backs]) =>
    backs.flatMap((back) => {
      const found = ratio(
        colour(tokens, `var(--${front})`, theme),
        colour(tokens, `var(--${back})`, theme),
      )
      return found >= least ? [] : [`${front} on ${back}: ${found.toFixed(2)}`]
    }),
  )

describe.each(['light', 'dark'] as const)('%s theme', (theme) => {
  test('text can be read', () => {
    expect(ratiosBelow(PLAIN, theme, TEXT, 4.5)).toEqual([])
  })

  test('shapes can be told from what is behind them', () => {
    expect(ratiosBelow(PLAIN, theme, SHAPES, 3)).toEqual([])
  })

  test('more contrast, when asked for, is more', () => {
    expect(
      ratiosBelow(
        MORE,
        theme,
        [
          ['text', SURFACES],
          ['text-dim', SURFACES],
          ['text-faint', ['bg', 'bg-panel']],
        ],
        7,
      ),
    ).toEqual([])
    for (const name of ['text', 'text-dim', 'text-faint'])
      expect(
        ratio(colour(MORE, `var(--${name})`, theme), colour(MORE, 'var(--bg)', theme)),
      ).toBeGreaterThan(
        ratio(colour(PLAIN, `var(--${name})`, theme), colour(PLAIN, 'var(--bg)', theme)),
      )
  })

  test('the ladder of boundaries is an ordinal: each step stands out more', () => {
    const steps = ['boundary-1', 'boundary-2', 'boundary-3'].map((name) =>
      ratio(colour(PLAIN, `var(--${name})`, theme), colour(PLAIN, 'var(--bg)', theme)),
    )
    expect(steps).toEqual([...steps].sort((a, b) => a - b))
  })

  test('the sixteen terminal colours can be read', () => {
    const names = [...PLAIN.keys()].filter((name) =>
      /^term-(bright-)?(red|green|yellow|blue|magenta|cyan|white)$/.test(name),
    )
    expect(names).toHaveLength(14)
    expect(
      ratiosBelow(
        PLAIN,
        theme,
        names.map((name) => [name, ['term-bg']] as const),
        4.5,
      ),
    ).toEqual([])
  })
})

test('the terminal shows the colours that programs are told', () => {
  expect({
    background: PLAIN.get('term-bg'),
    foreground: PLAIN.get('term-fg'),
    cursor: PLAIN.get('term-cursor'),
  }).toEqual(DARK_THEME)
})

test('the measure itself: black on white is 21, and a bad pair is found', () => {
  expect(ratio('#000000', '#ffffff')).toBeCloseTo(21)
  expect(ratiosBelow(PLAIN, 'light', [['line', ['bg']]], 4.5)).toHaveLength(1)
})
