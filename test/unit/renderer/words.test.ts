import { describe, expect, test } from 'vitest'
import {
  formatBytes,
  formatClock,
  formatCountdown,
  formatDuration,
  shortenHome,
} from '../../../src/renderer/words/format.ts'
import { lookOf, wordsOfAxis } from '../../../src/renderer/words/isolation.ts'
import { wordsOfFailure } from '../../../src/renderer/words/start-failure.ts'
import { applyChange } from '../../../src/renderer/stores/prompts.ts'
import type { AxisReport } from '../../../src/shared/domain/isolation.ts'
import { PROMPTS } from '../../visual/harness/events.ts'
import { BLOCKED } from '../../visual/harness/machine.ts'

describe('numbers', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1400, '1.4 kB'],
    [96_000_000, '96.0 MB'],
    [412_000_000, '412 MB'],
  ])('%d bytes', (bytes, words) => expect(formatBytes(bytes)).toBe(words))

  test.each([
    [0, '0s'],
    [725_000, '12m 05s'],
    [11_220_000, '3h 07m'],
    [190_000_000, '2d 4h'],
  ])('%d ms', (ms, words) => expect(formatDuration(ms)).toBe(words))

  test('clocks', () => {
    expect([formatClock(4230), formatClock(3_723_400), formatCountdown(64_100)]).toEqual([
      '0:04.2',
      '1:02:03.4',
      '1:05',
    ])
  })

  test('only the home folder itself is shortened', () => {
    expect(shortenHome('/home/ada/src', '/home/ada')).toBe('~/src')
    expect(shortenHome('/home/adam/src', '/home/ada')).toBe('/home/adam/src')
  })
})

const report = (patch: Partial<AxisReport>): AxisReport => ({
  axis: 'network',
  requested: 'enforced',
  proven: 'enforced',
  breadth: 'narrow',
  detail: 'Every host asks',
  evidence: [],
  provenAtMs: 0,
  ...patch,
})

test('an axis looks as what is proven, never as what was asked', () => {
  const looks = [
    report({}),
    report({ breadth: 'wide' }),
    report({ proven: 'open' }),
    report({ proven: 'open', requested: 'open' }),
    report({ proven: 'unknown' }),
    undefined,
  ].map(lookOf)
  expect(looks).toEqual(['narrow', 'wide', 'drift', 'open', 'unknown', 'unknown'])
  expect(wordsOfAxis(report({ proven: 'unknown' }))).not.toContain('Enforced')
})

test('a failed start carries the remedies and the words of the machine', () => {
  const words = wordsOfFailure({ type: 'backend_unavailable', level: 'os', diagnosis: BLOCKED[0]! })
  expect(words.remedies).toEqual(BLOCKED[0]!.remedies)
  expect(words.sentence).toContain(BLOCKED[0]!.summary)
  expect(
    wordsOfFailure({
      type: 'boundary_failed',
      part: 'x',
      detail: 'machine says',
      remedy: 'do this',
    }),
  ).toMatchObject({ detail: 'machine says', next: 'do this' })
})

test('prompts keep their order when one of them grows, and a newer one goes last', () => {
  const [first, second] = PROMPTS as [(typeof PROMPTS)[0], (typeof PROMPTS)[0]]
  const grown = { ...first, connections: [...first.connections, ...second.connections] }
  const pending = applyChange(applyChange([first], { type: 'set', request: second }), {
    type: 'set',
    request: grown,
  })
  expect(pending).toEqual([grown, second])
  const decision = { action: 'deny', by: { kind: 'timeout' } } as const
  expect(applyChange(pending, { type: 'settled', id: first.id, decision })).toEqual([second])
})
