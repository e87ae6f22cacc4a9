import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  LIMIT_NAMES,
  LIMITS,
  readLimit,
  sumUpLimits,
  wordsOfMeans,
} from '../../../src/renderer/words/limits.ts'
import {
  formatCores,
  formatSize,
  parseBytes,
  parseCount,
  parseCpu,
} from '../../../src/renderer/words/units.ts'
import { LIMIT_KEYS, Limits, NO_LIMITS } from '../../../src/shared/domain/limits.ts'

const GIB = 2 ** 30

describe('bytes', () => {
  test.each([
    ['8 GiB', 8 * GIB],
    ['8GiB', 8 * GIB],
    [' 8 gib ', 8 * GIB],
    ['8g', 8 * GIB],
    ['1.5 GiB', 1.5 * GIB],
    ['512 MiB', GIB / 2],
    ['8 GB', 8e9],
    ['2 TiB', 2048 * GIB],
  ])('%j', (text, bytes) => expect(parseBytes(text)).toEqual({ ok: true, value: bytes }))

  test.each([
    ['', /like 8 GiB/],
    ['lots', /number and a unit/],
    ['-8 GiB', /number and a unit/],
    ['1,5 GiB', /number and a unit/],
    ['8', /Add a unit/],
    ['8 bananas', /Units are/],
    ['9999999999 TiB', /more than any machine/],
    ['8 GiB; reboot', /number and a unit/],
  ])('%j is answered with a sentence', (text, sentence) => {
    const parsed = parseBytes(text)
    expect(parsed.ok ? null : parsed.error).toMatch(sentence)
  })

  test.each([
    [8 * GIB, '8 GiB'],
    [1.5 * GIB, '1.5 GiB'],
    [8e9, '8 GB'],
    [12_595_331_072, '11.73 GiB'],
    [64 * 2 ** 20, '64 MiB'],
  ])('%d is written %s', (bytes, text) => expect(formatSize(bytes)).toBe(text))

  test('whole units read back as what they were', () => {
    const amount = fc.tuple(
      fc.integer({ min: 1, max: 4000 }),
      fc.constantFrom(2 ** 20, GIB, 1e6, 1e9),
    )
    fc.assert(
      fc.property(amount, ([n, unit]) => {
        expect(parseBytes(formatSize(n * unit))).toEqual({ ok: true, value: n * unit })
      }),
    )
  })
})

describe('processor', () => {
  test.each([
    ['150%', 150],
    ['1.5 cores', 150],
    ['1 core', 100],
    ['50 %', 50],
  ])('%j', (text, percent) => expect(parseCpu(text)).toEqual({ ok: true, value: percent }))

  test('a bare number could be either, so it is asked about', () => {
    const parsed = parseCpu('2')
    expect(parsed.ok ? null : parsed.error).toMatch(/2 cores, or 150%/)
  })

  test('is said in cores', () => {
    expect([formatCores(50), formatCores(100), formatCores(250)]).toEqual([
      '50% of a core',
      '1 core',
      '2.5 cores',
    ])
  })
})

describe('counts', () => {
  test.each([
    ['4096', 4096],
    ['4,096', 4096],
    ['1 000 000', 1_000_000],
  ])('%j', (text, count) => expect(parseCount(text)).toEqual({ ok: true, value: count }))

  test.each(['', '4.5', '4,09', '-1', '0x10', '1e4'])('%j is none', (text) =>
    expect(parseCount(text).ok).toBe(false),
  )
})

describe('limits', () => {
  test.each(LIMIT_NAMES)('the bounds of %s are those of the contract', (limit) => {
    const { least, most, start, write } = LIMITS[limit]
    const allows = (value: number): boolean =>
      Limits.safeParse({ ...NO_LIMITS, [LIMIT_KEYS[limit]]: value }).success
    expect([allows(least), allows(least - 1), allows(most), allows(most + 1)]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect(readLimit(limit, write(start))).toEqual({ ok: true, value: start })
    expect(readLimit(limit, write(least))).toEqual({ ok: true, value: least })
  })

  test('too little and too much are answered with the bound', () => {
    expect(readLimit('memory', '1 MiB')).toEqual({
      ok: false,
      error: 'At least 64 MiB; less would stop the agent itself.',
    })
    expect(readLimit('processes', '2000000')).toEqual({ ok: false, error: 'At most 1000000.' })
  })

  test('are summed up in one line', () => {
    expect(sumUpLimits({ ...NO_LIMITS, processes: 4096, memoryBytes: 12 * GIB })).toBe(
      '12 GiB memory, 4,096 processes',
    )
    expect(sumUpLimits(NO_LIMITS)).toBe('No limits')
  })

  test('what holds one is named, and nothing is said to hold what nothing holds', () => {
    const report = { limit: 'memory' as const, value: GIB, detail: '' }
    expect(wordsOfMeans({ ...report, means: ['cgroup2'] })).toBe('kernel, cgroup v2')
    expect(wordsOfMeans({ ...report, means: ['rlimit-each', 'watched'] })).toBe(
      'each process alone + watched by Cloche',
    )
    expect(wordsOfMeans({ ...report, means: [] })).toBe('not in force')
    expect(wordsOfMeans({ ...report, means: ['none'] })).toBe('not in force')
    expect(wordsOfMeans({ ...report, value: null, means: [] })).toBe('')
  })
})
