import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  adoptInto,
  emptyTree,
  mergeScan,
  type ProcessReading,
  type ProcessTree,
} from '../../../src/main/core/processes.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { Fact as FactSchema } from '../../../src/shared/domain/timeline.ts'

const reading = (pid: number, part: Partial<ProcessReading> = {}): ProcessReading => ({
  pid,
  startTicks: pid * 10,
  ppid: 1,
  innerPid: null,
  name: 'sh',
  argv: ['sh'],
  exe: '/bin/sh',
  cwd: '/w',
  image: 'a',
  state: 'S',
  cpuMs: 0,
  rssBytes: 1_000_000,
  startedAtMs: 5,
  exit: null,
  ...part,
})

/** Facts of each scan in turn, 200 ms apart. */
function watch(...scans: readonly ProcessReading[][]): Fact[][] {
  let tree: ProcessTree = emptyTree(0)
  return scans.map((scan, i) => {
    const merged = mergeScan(tree, scan, (i + 1) * 200)
    tree = merged.tree
    return [...merged.facts]
  })
}
const types = (facts: readonly Fact[]): string[] => facts.map((fact) => fact.type)

test('parents start before their children, whatever the order of the scan', () => {
  const [facts] = watch([reading(3, { ppid: 2 }), reading(2)])
  expect(facts).toMatchObject([
    { type: 'proc/started', node: { key: '2:20', parent: null } },
    { type: 'proc/started', node: { key: '3:30', parent: '2:20' } },
  ])
})

test('nothing is said when nothing changed', () => {
  expect(watch([reading(2)], [reading(2)], [reading(2)]).slice(1)).toEqual([[], []])
})

test('executing another program is said once', () => {
  const other = reading(2, { image: 'b', argv: ['node', 'x'], name: 'node', exe: '/bin/node' })
  const [, second, third] = watch([reading(2)], [other], [other])
  expect(second).toEqual([
    {
      type: 'proc/exec',
      key: '2:20',
      name: 'node',
      argv: ['node', 'x'],
      exe: '/bin/node',
      cwd: '/w',
      role: null,
    },
  ])
  expect(third).toEqual([])
})

test('a child outlives its parent', () => {
  const child = reading(3, { ppid: 2 })
  const [, facts] = watch([reading(2), child], [{ ...child, ppid: 1 }])
  expect(facts).toEqual([
    { type: 'proc/ended', key: '2:20', exit: { kind: 'lost' } },
    { type: 'proc/reparented', key: '3:30', parent: null },
  ])
})

test('a zombie has ended, with the status it shows; its reaping is no news', () => {
  const zombie = reading(2, { state: 'Z', exit: { kind: 'exited', code: 3 } })
  const [, ended, ...later] = watch([reading(2)], [zombie], [zombie], [])
  expect(ended).toEqual([{ type: 'proc/ended', key: '2:20', exit: { kind: 'exited', code: 3 } }])
  expect(later).toEqual([[], []])
})

test('one first met as a zombie starts and ends', () => {
  const [facts] = watch([reading(2, { state: 'Z', exit: { kind: 'exited', code: 0 } })])
  expect(types(facts ?? [])).toEqual(['proc/started', 'proc/ended'])
})

test('a reused pid is another process', () => {
  const [, facts] = watch([reading(2)], [reading(2, { startTicks: 99 })])
  expect(facts).toMatchObject([
    { type: 'proc/ended', key: '2:20' },
    { type: 'proc/started', node: { key: '2:99' } },
  ])
})

test('an ending known from elsewhere counts, even while the scan still sees the process', () => {
  const { tree } = mergeScan(emptyTree(0), [reading(2), reading(3)], 200)
  const exit = { kind: 'exited', code: 7 } as const
  const merged = mergeScan(tree, [reading(2)], 400, { endings: new Map([[2, exit]]) })
  expect(merged.facts).toEqual([
    { type: 'proc/ended', key: '2:20', exit },
    { type: 'proc/ended', key: '3:30', exit: { kind: 'lost' } },
  ])
})

describe('samples', () => {
  test('come at most once a second and only for what changed notably', () => {
    const at = (step: number): ProcessReading[] => [
      reading(2, { cpuMs: step * 100, rssBytes: 1_000_000 + step }),
      reading(3),
    ]
    const scans = watch(...Array.from({ length: 11 }, (_, step) => at(step)))
    expect(scans.map(types).slice(1)).toEqual([
      ...[[], [], [], ['proc/sampled'], [], [], [], [], ['proc/sampled'], []],
    ])
    expect(scans[9]).toEqual([
      {
        type: 'proc/sampled',
        samples: [{ key: '2:20', state: 'S', cpuPercent: 50, rssBytes: 1_000_009 }],
      },
    ])
  })

  test('tell that a process was stopped, not that it went to sleep', () => {
    const states = (...letters: string[]) =>
      watch(...letters.map((state) => [reading(2, { state })])).map(types)
    expect(states('R', 'S', 'D', 'S', 'S')[4]).toEqual([])
    expect(states('S', 'S', 'S', 'S', 'T')[4]).toEqual(['proc/sampled'])
  })
})

test('any sequence of scans: every start has one end, and every fact is valid', () => {
  const scan = fc.uniqueArray(
    fc.record({
      pid: fc.integer({ min: 2, max: 6 }),
      startTicks: fc.integer({ min: 0, max: 2 }),
      ppid: fc.integer({ min: 1, max: 6 }),
      cpuMs: fc.integer({ min: 0, max: 900 }),
      image: fc.constantFrom('a', 'b'),
      exit: fc.constantFrom(null, null, { kind: 'exited' as const, code: 1 }),
    }),
    { selector: ({ pid }) => pid, maxLength: 5 },
  )
  fc.assert(
    fc.property(fc.array(scan, { maxLength: 12 }), (scans) => {
      const facts = watch(...scans.map((items) => items.map((item) => reading(item.pid, item))), [])
      const live = new Set<string>()
      for (const fact of facts.flat()) {
        expect(FactSchema.safeParse(fact).success).toBe(true)
        if (fact.type === 'proc/started') {
          expect(live.has(fact.node.key)).toBe(false)
          live.add(fact.node.key)
        }
        if (fact.type === 'proc/ended') expect(live.delete(fact.key)).toBe(true)
      }
      expect(live.size).toBe(0)
    }),
  )
})

test('what a terminal started is one of its own from the start, also where a scan met it before', () => {
  const { tree, facts } = adoptInto(emptyTree(0), reading(2))
  expect(facts).toMatchObject([{ type: 'proc/started', node: { key: '2:20', role: 'terminal' } }])
  expect([...tree.live]).toEqual([[2, '2:20']])
  const child = mergeScan(tree, [reading(2), reading(3, { ppid: 2, argv: ['npm', 'test'] })], 200)
  expect(child.facts).toMatchObject([
    { type: 'proc/started', node: { key: '3:30', parent: '2:20', role: 'terminal' } },
  ])
  const met = adoptInto(mergeScan(emptyTree(0), [reading(2)], 200).tree, reading(2))
  expect(met.facts).toMatchObject([{ type: 'proc/exec', key: '2:20', role: 'terminal' }])
})
