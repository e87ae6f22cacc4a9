import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advance, compress, expand, findGaps, momentOf } from '../../../src/renderer/stores/idle.ts'

describe('idle time of a replay', () => {
  test('only silences longer than the limit are gaps, the last one included', () => {
    expect(
      findGaps([{ fromMs: 100, toMs: 1900 }, ...[1000, 9000, 9100].map(momentOf)], 20_000, 2000),
    ).toEqual([
      { fromMs: 1900, toMs: 9000 },
      { fromMs: 9100, toMs: 20_000 },
    ])
  })

  test('of a gap the limit is played, then it is over', () => {
    const gaps = [{ fromMs: 1000, toMs: 61_000 }]
    expect(advance(500, 1000, gaps, 2000)).toBe(1500)
    expect(advance(2900, 200, gaps, 2000)).toBe(61_100)
    expect(compress(61_000, gaps, 2000)).toBe(3000)
  })

  const times = fc
    .array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 40 })
    .map((list) => list.sort((a, b) => a - b))

  test('the playhead never runs back and never passes over something that happened', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 500 }), (list, stepMs) => {
        const gaps = findGaps(list.map(momentOf), 100_000, 2000)
        const visited: number[] = [0]
        for (let at = 0; at < 100_000; ) {
          const next = advance(at, stepMs, gaps, 2000)
          expect(next).toBeGreaterThan(at)
          // Whatever lies between two frames is within one step of the end of the jump.
          for (const time of list)
            if (time > at && time <= next) expect(next - time).toBeLessThanOrEqual(stepMs)
          at = next
          visited.push(at)
        }
        expect(visited.length).toBeGreaterThan(1)
      }),
      { numRuns: 40 },
    )
  })

  test('the two clocks agree', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 50_000 }), (list, playMs) => {
        const gaps = findGaps(list.map(momentOf), 100_000, 2000)
        expect(compress(expand(playMs, gaps, 2000), gaps, 2000)).toBe(playMs)
      }),
    )
  })
})
