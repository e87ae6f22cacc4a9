import { expect, test } from 'vitest'
import type { AxisReport } from '../../../src/shared/domain/isolation.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { projectAll } from '../../../src/shared/projection.ts'

const network = (proven: AxisReport['proven'], provenAtMs: number): Fact => ({
  type: 'isolation/reported',
  axes: [
    {
      axis: 'network',
      requested: 'enforced',
      proven,
      breadth: 'narrow',
      detail: '',
      evidence: [],
      provenAtMs,
    },
  ],
})
const after = (...facts: Fact[]) =>
  projectAll(facts.map((fact, seq) => ({ seq, atMs: 1000 + seq, monoMs: seq, fact })))

test('a drift is known by when it began and when the axis last held', () => {
  const turn = (...facts: Fact[]) => after(...facts).axisTurns.get('network')
  expect(turn(network('enforced', 10))).toEqual({ heldAtMs: 10, driftSinceMs: null })
  expect(turn(network('open', 20))).toEqual({ heldAtMs: null, driftSinceMs: 20 })
  // Probing again while it lasts moves neither.
  expect(turn(network('enforced', 10), network('open', 20), network('open', 30))).toEqual({
    heldAtMs: 10,
    driftSinceMs: 20,
  })
  expect(turn(network('enforced', 10), network('open', 20), network('enforced', 30))).toEqual({
    heldAtMs: 30,
    driftSinceMs: null,
  })
  // Not proven is not held.
  expect(turn(network('enforced', 10), network('unknown', 20))).toEqual({
    heldAtMs: 10,
    driftSinceMs: null,
  })
})

test('a limit that is reached is kept with its last time and its count', () => {
  const reached: Fact = { type: 'limits/reached', limit: 'memory', detail: 'It was stopped.' }
  expect(after(reached, reached).limitsReached.get('memory')).toEqual({
    atMs: 1001,
    times: 2,
    detail: 'It was stopped.',
  })
  expect(after().limitsReached.size).toBe(0)
})
