import { expect, test } from 'vitest'
import { nextSize } from '../../../src/main/egress/dialled-socket.ts'

const HALF_MEBIBYTE = 524_288

test.each([
  { what: 'a full buffer grows', length: 4096, size: 4096, small: 0, next: 16_384 },
  {
    what: 'it grows no further than half a mebibyte',
    ...{ length: HALF_MEBIBYTE, size: HALF_MEBIBYTE, small: 0, next: HALF_MEBIBYTE },
  },
  {
    what: 'one byte less than full is no reason to',
    length: 4095,
    size: 4096,
    small: 0,
    next: 4096,
  },
  {
    what: 'a few small reads leave it as it is',
    ...{ length: 1, size: HALF_MEBIBYTE, small: 255, next: HALF_MEBIBYTE },
  },
  {
    what: 'many of them make it smaller',
    ...{ length: 1, size: HALF_MEBIBYTE, small: 256, next: 131_072 },
  },
  { what: 'the smallest stays', length: 1, size: 4096, small: 1000, next: 4096 },
])('$what', ({ length, size, small, next }) => {
  expect(nextSize(length, size, small)).toBe(next)
})
