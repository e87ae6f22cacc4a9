import { expect, test } from 'vitest'
import { lostBetween } from '../../../src/renderer/words/isolation.ts'

test('whoever moves down is told of each thing that goes, and of nothing that stays', () => {
  expect(lostBetween('vm', 'os')).toEqual([expect.stringContaining('kernel')])
  expect(lostBetween('vm', 'container')).toEqual([expect.stringContaining('kernel')])
  expect(lostBetween('vm', 'unconfined')).toHaveLength(2)
  expect(lostBetween('container', 'os')).toEqual([expect.stringContaining('container engine')])
  expect(lostBetween('os', 'unconfined')).toEqual([expect.stringContaining('whatever you can')])
  for (const [from, to] of [
    ['unconfined', 'os'],
    ['os', 'container'],
    ['container', 'vm'],
    ['os', 'os'],
  ] as const)
    expect(lostBetween(from, to)).toEqual([])
})
