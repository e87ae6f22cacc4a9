import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findLines } from '../../../src/renderer/words/log-lines.ts'

const LINES = ['Step 1/4 : FROM base', 'fetch layer', 'Step 2/4 : RUN step by step', '']

test('without a word every line is there, and nothing is counted', () => {
  expect(findLines(LINES, '')).toEqual({
    lines: LINES.map((text, index) => ({ at: index + 1, pieces: [text] })),
    hits: 0,
  })
})

test('lines with it keep their place; each time it is there counts', () => {
  expect(findLines(LINES, 'step')).toEqual({
    lines: [
      { at: 1, pieces: ['', 'Step', ' 1/4 : FROM base'] },
      { at: 3, pieces: ['', 'Step', ' 2/4 : RUN ', 'step', ' by ', 'step', ''] },
    ],
    hits: 4,
  })
  expect(findLines(LINES, 'absent')).toEqual({ lines: [], hits: 0 })
})

test('what is looked for is text and no pattern, and nothing of a line is lost', () => {
  expect(findLines(['a.c', 'abc'], '.').lines.map(({ at }) => at)).toEqual([1])
  fc.assert(
    fc.property(fc.array(fc.string()), fc.string({ minLength: 1 }), (lines, wanted) => {
      const found = findLines(lines, wanted)
      for (const { at, pieces } of found.lines) expect(pieces.join('')).toBe(lines[at - 1])
      // Looking for what a line is made of finds that line.
      for (const line of lines.filter((text) => text !== ''))
        expect(findLines([line], line).hits).toBeGreaterThan(0)
    }),
  )
})
