import { expect, test } from 'vitest'
import {
  createPartReader,
  MOST_PART,
  PART,
  partOf,
  typedParts,
} from '../../../../src/main/backends/vm/terminal-parts.ts'

function reader() {
  const taken: [number, string][] = []
  const read = createPartReader((kind, content) => taken.push([kind, content.toString('latin1')]))
  return { taken, read }
}

test('parts are taken as they come, whole or a byte at a time', () => {
  const said = Buffer.concat([
    partOf(PART.shown, Buffer.from('one')),
    partOf(PART.over, Buffer.of(7)),
  ])
  const { taken, read } = reader()
  expect(read(said)).toBe(true)
  for (const byte of said) expect(read(Buffer.of(byte))).toBe(true)
  const both = [
    [PART.shown, 'one'],
    [PART.over, '\x07'],
  ]
  expect(taken).toEqual([...both, ...both])
})

test('what is larger than any part is none, and nothing is taken after it', () => {
  const { taken, read } = reader()
  const large = partOf(PART.shown, Buffer.alloc(MOST_PART + 1))
  expect(read(large.subarray(0, 4))).toBe(false)
  expect(read(partOf(PART.shown, Buffer.from('more')))).toBe(false)
  expect(taken).toEqual([])
  expect(reader().read(partOf(PART.shown, Buffer.alloc(MOST_PART)))).toBe(true)
})

test('what is typed at once goes in as many parts as it takes', () => {
  const { taken, read } = reader()
  const typed = Buffer.alloc(MOST_PART * 2 + 5, 'ab')
  expect(read(typedParts(typed))).toBe(true)
  expect(taken.map(([kind]) => kind)).toEqual([PART.typed, PART.typed, PART.typed])
  expect(taken.map(([, content]) => content).join('')).toBe(typed.toString())
})
