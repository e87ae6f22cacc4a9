import { expect, test } from 'vitest'
import { CATALOGUE } from '../enforcement/catalogue.ts'
import { textOf } from './sources.ts'

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `S${from + index}`)

/** Sections A, B, C, F and G of the catalogue of escapes. */
const IDS = [...range(1, 62), ...range(94, 115)]

test('every check is made somewhere, or it is said why it cannot be', () => {
  expect(CATALOGUE.map(({ id }) => id)).toEqual(IDS)
})

test('every test that is named exists', () => {
  const missing = CATALOGUE.filter(
    (item) => 'file' in item && !textOf(`test/${item.file}`).includes(item.test),
  )
  expect(missing).toEqual([])
})
