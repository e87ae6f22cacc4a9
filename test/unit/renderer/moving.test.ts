import { expect, test } from 'vitest'
import { isUp, lostBetween } from '../../../src/renderer/words/isolation.ts'

test.each([
  ['unconfined', 'os', true],
  ['os', 'container', true],
  ['container', 'vm', true],
  ['container', 'os', false],
  ['vm', 'os', false],
  ['os', 'os', false],
] as const)('from %s to %s is up: %s', (from, to, wanted) => {
  expect(isUp(from, to)).toBe(wanted)
})

test('whoever moves down is told of each thing that goes, and of nothing that stays', () => {
  expect(lostBetween('vm', 'os')).toEqual([expect.stringContaining('kernel')])
  expect(lostBetween('vm', 'container')).toEqual([expect.stringContaining('kernel')])
  expect(lostBetween('vm', 'unconfined')).toHaveLength(2)
  expect(lostBetween('container', 'os')).toEqual([expect.stringContaining('container engine')])
  expect(lostBetween('os', 'unconfined')).toEqual([expect.stringContaining('whatever you can')])
  expect(lostBetween('os', 'container')).toEqual([])
})
