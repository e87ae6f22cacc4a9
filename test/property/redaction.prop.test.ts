import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPartFinder, createPartRedactor } from '../../src/shared/recording/redact-by-parts.ts'
import {
  find,
  homeRedaction,
  KNOWN_SECRETS,
  redactText,
  wordRedaction,
} from '../../src/shared/recording/redaction.ts'
import { search } from '../helpers/search.ts'

const REDACTIONS = [...KNOWN_SECRETS, homeRedaction('/home/ada'), wordRedaction('big customer')!]

const x = (count: number): string => 'x1Y2'.repeat(Math.ceil(count / 4)).slice(0, count)
const key = (length: number): string =>
  `-----BEGIN ${'PRIVATE'} KEY-----\n${x(length)}\n-----END ${'PRIVATE'} KEY-----`

/** What secrets are made of, and what stands around them: also half of them, and one in another. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[`${'sk-ant-'}api03-${x(40)}`, `${'ghp_'}${x(36)}`, 'sk-', `${'AKIA'}IOSFODNN7EXAMPLE`],
    ...[
      `${'eyJ'}${x(20)}.`,
      `Authorization: Bearer ${x(20)}`,
      'A_TOKEN=',
      '"',
      "'",
      `B_TOKEN="${x(9)}`,
    ],
    ...[
      `postgres://ada:${x(12)}@db`,
      '@',
      ':',
      'https://',
      '/home/ada',
      '/home/',
      'ada',
      'big ',
      'customer',
    ],
    ...[key(64), key(20_000), '-----BEGIN ', '-----', ' ', '\n', '*', x(7)],
  ),
  fc.nat(40_000).map((length) => x(length)),
  fc.nat(70_000).map((length) => 'plain words '.repeat(Math.ceil(length / 12)).slice(0, length)),
)
const text = fc.array(piece, { minLength: 1, maxLength: 40 }).map((pieces) => pieces.join(''))
/** Shares of the text at which it is cut. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

function partsOf(whole: string, at: readonly number[]): string[] {
  const places = at.map((share) => Math.floor(share * whole.length)).sort((a, b) => a - b)
  return [0, ...places].map((from, n) => whole.slice(from, places[n] ?? whole.length))
}

/** Forms as short as they can be, that overlap, look back and ahead, and find what others left. */
const SHORT = [
  'ab{1,4}',
  '(?<=a"?)c{1,3}(?=b)',
  '(?<=c=["]?)[^"*]{2,4}',
  'b\\*+a',
  'a[^c]{0,5}c',
].map((form, n) => ({
  id: String(n),
  name: form,
  pattern: new RegExp(form.replace('+', '{1,4}'), 'g'),
}))
const BOUNDS = { match: 8, before: 4 }
const shortText = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', '=', '"', '*', ' '),
  minLength: 20,
  maxLength: 300,
})

test('by parts as much is taken out as of the whole, wherever it is cut', () => {
  fc.assert(
    fc.property(shortText, cuts, (whole, at) => {
      const redactor = createPartRedactor(SHORT, BOUNDS)
      const parts = partsOf(whole, at).map((part) => redactor.push(part))
      expect([...parts, redactor.end()].join('')).toBe(redactText(whole, SHORT))
    }),
    search(),
  )
})

test('the same of the forms of secrets', () => {
  fc.assert(
    fc.property(text, cuts, (whole, at) => {
      const redactor = createPartRedactor(REDACTIONS)
      const parts = partsOf(whole, at).map((part) => redactor.push(part))
      // Not `toBe`: the difference of two long texts takes longer than all else.
      expect([...parts, redactor.end()].join('') === redactText(whole, REDACTIONS)).toBe(true)
    }),
    { ...search(), numRuns: 40 },
  )
})

test('a text that is cut within every secret, again and again', () => {
  const secrets = [`A_TOKEN=B_TOKEN="${x(30)}`, `${'ghp_'}${x(36)}`, key(900), '/home/ada/x']
  const whole = secrets.map((secret) => `${secret} ${'words '.repeat(8000)}`).join('')
  const redactor = createPartRedactor(REDACTIONS)
  let out = ''
  for (let from = 0; from < whole.length; from += 379)
    out += redactor.push(whole.slice(from, from + 379))
  expect(out + redactor.end() === redactText(whole, REDACTIONS)).toBe(true)
  expect(redactor.counts.reduce((sum, count) => sum + count, 0)).toBe(5)
})

test('by parts the same is found as in the whole, with what is around it', () => {
  fc.assert(
    fc.property(shortText, cuts, (whole, at) => {
      const found = new Map(SHORT.map(({ id }) => [id, [] as unknown[]]))
      const told = (id: string, match: unknown): unknown => found.get(id)?.push(match)
      const finder = createPartFinder(
        SHORT,
        ({ id }, { start, match }) => told(id, [start, match]),
        {
          ...BOUNDS,
        },
      )
      for (const part of partsOf(whole, at)) finder.push(part)
      finder.end()
      for (const form of SHORT)
        expect(found.get(form.id)).toEqual(
          find(whole, form).map(({ start, end }) => [start, whole.slice(start, end)]),
        )
    }),
    search(),
  )
})
