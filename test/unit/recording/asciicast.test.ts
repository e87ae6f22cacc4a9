import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cast, decodeCast } from '../../../src/shared/recording/asciicast.ts'
import { createCastWriter } from '../../../src/shared/recording/cast-writer.ts'
import type { TerminalRecord } from '../../../src/shared/terminal-log.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const output = (monoMs: number, text: string): TerminalRecord => ({
  ...{ kind: 'output', monoMs },
  bytes: bytes(text),
})
const CAST: Cast = {
  title: 'Fix the “login”',
  command: 'claude',
  startedAtMs: 1_700_000_000_000,
  records: [
    { kind: 'resize', monoMs: 12, cols: 100, rows: 30 },
    output(20.5, 'héllo\r\n\x1b[31mred\x1b[0m'),
    { kind: 'resize', monoMs: 900, cols: 80, rows: 24 },
    output(1000.001, 'done'),
  ],
  markers: [{ atMs: 950, label: 'Prompt: example.org:443' }],
  exit: 3,
}

/** `size`: records that come together. */
function encodeCast({ records, ...cast }: Cast, version: 2 | 3, size = 1000): string {
  const writer = createCastWriter({ ...cast, lastMs: records.at(-1)?.monoMs ?? 0 }, version)
  const parts: string[] = []
  for (let at = 0; at < records.length; at += size)
    parts.push(writer.push(records.slice(at, at + size)))
  return [...parts, writer.end()].join('')
}

const textOf = (records: readonly TerminalRecord[]): string =>
  records
    .flatMap((item) =>
      item.kind === 'output'
        ? [new TextDecoder('utf-8', { ignoreBOM: true }).decode(item.bytes)]
        : [],
    )
    .join('')

describe.each([2, 3] as const)('asciicast v%i', (version) => {
  test('comes back as it was written', () => {
    const decoded = decodeCast(encodeCast(CAST, version))
    if (!decoded.ok) throw new Error(decoded.error.detail)
    expect(decoded.value).toMatchObject({
      ...{ version, title: CAST.title, command: 'claude', startedAtMs: CAST.startedAtMs },
      markers: [{ label: 'Prompt: example.org:443' }],
      exit: version === 3 ? 3 : null,
      isTorn: false,
    })
    expect(textOf(decoded.value.records)).toBe(textOf(CAST.records))
    expect(decoded.value.records.map(({ kind }) => kind)).toEqual([
      ...['resize', 'output', 'resize', 'output'],
    ])
    expect(decoded.value.records.at(-1)?.monoMs).toBeCloseTo(1000.001, 3)
  })

  test('times do not drift over many short steps, and a character may be cut', () => {
    const euro = bytes('€')
    const records: TerminalRecord[] = Array.from({ length: 30_000 }, (_, n) => ({
      ...{ kind: 'output', monoMs: n * 0.3333 },
      bytes: euro.slice(n % 3, (n % 3) + 1),
    }))
    const decoded = decodeCast(encodeCast({ ...CAST, records, markers: [] }, version))
    if (!decoded.ok) throw new Error(decoded.error.detail)
    expect(textOf(decoded.value.records)).toBe('€'.repeat(10_000))
    expect(decoded.value.records.at(-1)?.monoMs).toBeCloseTo(29_999 * 0.3333, 2)
  })

  test('is the same whether its records come one by one or together', () => {
    const markers = [...CAST.markers, { atMs: 20.5, label: 'at once' }, { atMs: 1, label: 'first' }]
    expect(encodeCast({ ...CAST, markers }, version, 1)).toBe(
      encodeCast({ ...CAST, markers }, version),
    )
  })

  test('a cut file gives what came before the cut, wherever it is', () => {
    const whole = encodeCast(CAST, version)
    const header = whole.indexOf('\n')
    for (let end = header + 1; end <= whole.length; end++) {
      const decoded = decodeCast(whole.slice(0, end))
      if (!decoded.ok) throw new Error(`${end}: ${decoded.error.detail}`)
      expect(textOf(CAST.records).startsWith(textOf(decoded.value.records))).toBe(true)
    }
  })
})

test('every text survives both', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary' })),
      fc.constantFrom(2, 3),
      (texts, version) => {
        // Lone surrogates have no bytes of their own.
        const well = texts.map((text) => new TextDecoder().decode(bytes(text)))
        const records = well.map((text, index) => output(index, text))
        const decoded = decodeCast(encodeCast({ ...CAST, records, markers: [] }, version as 2 | 3))
        expect(decoded.ok && textOf(decoded.value.records)).toBe(well.join(''))
      },
    ),
  )
})

test.each([
  ['', 1, 'no header'],
  ['{"version":1,"width":80}', 1, 'version 1 is not known'],
  ['{"version":2}', 1, 'no size'],
  ['{"version":2,"width":0,"height":24}', 1, 'no size'],
  ['{"version":2,"width":80,"height":24}\nhello\n[1,"o","x"]\n', 2, 'no event'],
  ['{"version":2,"width":80,"height":24}\n[1,"o"]\n[1,"o","x"]\n', 2, 'no event'],
])('%j is refused at line %i: %s', (text, line, detail) => {
  expect(decodeCast(text)).toMatchObject({
    ok: false,
    error: { line, detail: expect.stringContaining(detail) as unknown },
  })
})

test('comments, input, unknown codes and times that run back are taken as they are', () => {
  const decoded = decodeCast(
    [
      '{"version":3,"term":{"cols":80,"rows":24},"timestamp":1}',
      '# a comment',
      '[0.5,"i","typed"]',
      '[-4,"o","a"]',
      '[0.5,"z","?"]',
      '[1,"o","b"]',
      '',
    ].join('\n'),
  )
  if (!decoded.ok) throw new Error(decoded.error.detail)
  expect(textOf(decoded.value.records)).toBe('ab')
  expect(decoded.value.records.map(({ monoMs }) => monoMs)).toEqual([0, 500, 2000])
})
