import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lastMarkIn, visibleMarks } from '../../../src/renderer/features/mark-blocks.ts'
import type { Mark } from '../../../src/renderer/stores/tracks.ts'
import { search } from '../../helpers/search.ts'

const mark = fc.record({
  gap: fc.constantFrom(0, 0, 1, 1, 2, 5),
  lasts: fc.nat(99).map((n) => (n === 0 ? null : n < 5 ? 300 : n % 5)),
  tone: fc.constantFrom<Mark['tone']>('plain', 'plain', 'plain', 'failed', 'deny'),
  track: fc.constantFrom<Mark['track']>('processes', 'processes', 'files'),
  row: fc.nat(2),
})
const marks = fc.array(mark, { minLength: 200, maxLength: 400 }).map((list) => {
  let startMs = 0
  return list.map(({ gap, lasts, ...rest }, seq): Mark => {
    startMs += gap
    const endMs = lasts === null ? null : startMs + lasts
    return { ...rest, seq, startMs, endMs, subject: null, label: '' }
  })
})
const range = fc.tuple(fc.nat(500), fc.nat(500)).map(([fromMs, span]) => ({
  fromMs,
  toMs: fromMs + span,
}))

const isIn = ({ startMs, endMs }: Mark, fromMs: number, toMs: number): boolean =>
  startMs <= toMs && (endMs ?? Infinity) >= fromMs

test('what is seen of many marks is all but what shares its pixel and row with one that is seen', () => {
  let left = 0
  fc.assert(
    fc.property(
      marks,
      range,
      fc.constantFrom(0, 1, 40, 200, 1000),
      (list, { fromMs, toMs }, perPixel) => {
        const seen = [...visibleMarks(list, { fromMs, toMs }, perPixel)]
        const all = list.filter((each) => isIn(each, fromMs, toMs))
        expect(seen).toEqual(all.filter((each) => seen.includes(each)))
        for (const each of all) {
          if (seen.includes(each)) continue
          left++
          expect(each.tone === 'plain' || each.track === 'files').toBe(true)
          expect((each.endMs ?? Infinity) - each.startMs).toBeLessThan(perPixel)
          const like = list.find(
            ({ track, row, startMs }) =>
              track === each.track &&
              row === each.row &&
              Math.abs(startMs - each.startMs) < perPixel,
          )
          expect(like).toBeDefined()
        }
      },
    ),
    search(),
  )
  expect(left).toBeGreaterThan(1000)
})

test('the last mark that touches a stretch is found as by looking at each, also when more come', () => {
  fc.assert(
    fc.property(marks, range, fc.nat(2), (list, { fromMs, toMs }, row) => {
      const fits = (each: Mark): boolean => each.row === row
      const grown: Mark[] = list.slice(0, 150)
      lastMarkIn(grown, { fromMs, toMs }, fits)
      grown.push(...list.slice(150))
      const expected = list.findLast((each) => isIn(each, fromMs, toMs) && fits(each)) ?? null
      expect(lastMarkIn(grown, { fromMs, toMs }, fits)).toBe(expected)
    }),
    search(),
  )
})

test('what still went on is seen for as long as it did', () => {
  const list = Array.from(
    { length: 64 },
    (_, seq): Mark => ({
      ...{ seq, startMs: seq, endMs: seq + 1, subject: null, label: '', row: 0 },
      ...{ tone: 'plain', track: 'processes' },
    }),
  )
  list[3]!.endMs = null
  const later = { fromMs: 1000, toMs: 2000 }
  expect([...visibleMarks(list, later, 100)]).toEqual([list[3]])
  list[3]!.endMs = 1500
  expect([...visibleMarks(list, later, 100)]).toEqual([list[3]])
  expect([...visibleMarks(list, { fromMs: 1600, toMs: 2000 }, 100)]).toEqual([])
})
