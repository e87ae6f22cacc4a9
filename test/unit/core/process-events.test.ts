import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeEvents, type ProcessEvent } from '../../../src/main/core/process-events.ts'
import {
  emptyTree,
  mergeScan,
  type ProcessReading,
  type ProcessTree,
} from '../../../src/main/core/processes.ts'
import { UNREAD_NAME } from '../../../src/shared/domain/process.ts'
import { Fact } from '../../../src/shared/domain/timeline.ts'

const moment = { wallAt: (monoMs: number) => 1_000_000 + monoMs, innerPid: () => null }

const root: ProcessReading = {
  pid: 2,
  startTicks: 20,
  ppid: 1,
  innerPid: null,
  name: 'sh',
  argv: ['sh', '-c', 'x'],
  exe: '/bin/sh',
  cwd: '/w',
  image: 'a',
  state: 'S',
  cpuMs: 0,
  rssBytes: 1,
  startedAtMs: 5,
  exit: null,
}
const start = (): ProcessTree => mergeScan(emptyTree(0), [root], 0, { isExact: true }).tree

const forked = (
  pid: number,
  parentPid: number,
  startTicks = pid * 10,
  atMonoMs = 7,
): ProcessEvent => ({
  ...{ type: 'forked', pid, parentPid, startTicks, atMonoMs },
})
const executed = (
  pid: number,
  argv: string[] | null,
  atMonoMs = 8,
  readMonoMs = 8,
): ProcessEvent => ({
  ...{
    type: 'executed',
    pid,
    atMonoMs,
    readMonoMs,
    argv,
    exe: argv && `/bin/${argv[0]}`,
    cwd: argv && '/c',
  },
})
const exited = (pid: number, code = 0): ProcessEvent => ({
  ...{ type: 'exited', pid, atMonoMs: 9, exit: { kind: 'exited', code } },
})
const merge = (...events: ProcessEvent[]) => mergeEvents(start(), events, moment)

test('a child is what its parent was, until it executes', () => {
  expect(merge(forked(3, 2), executed(3, ['ls', '-l']), exited(3, 4)).facts).toMatchObject([
    {
      type: 'proc/started',
      node: { key: '3:30', parent: '2:20', argv: ['sh', '-c', 'x'], startedAtMs: 1_000_007 },
    },
    {
      ...{
        type: 'proc/exec',
        key: '3:30',
        name: 'ls',
        argv: ['ls', '-l'],
        exe: '/bin/ls',
        cwd: '/c',
      },
      executedAtMs: 1_000_008,
    },
    { type: 'proc/ended', key: '3:30', exit: { kind: 'exited', code: 4 }, endedAtMs: 1_000_009 },
  ])
})

test('a program that was gone before it could be read is said to be unknown', () => {
  expect(merge(forked(3, 2), executed(3, null)).facts[1]).toMatchObject({
    ...{ name: UNREAD_NAME, argv: [], exe: null, cwd: null },
  })
})

test('what was read after the next exec is not taken for the program before', () => {
  const argvs = (readMonoMs: number) =>
    merge(
      forked(3, 2),
      executed(3, ['late'], 8, readMonoMs),
      executed(3, ['late'], 20, 21),
    ).facts.flatMap((fact) => (fact.type === 'proc/exec' ? [fact.argv] : []))
  expect(argvs(9)).toEqual([['late'], ['late']])
  expect(argvs(19.5)).toEqual([[], ['late']])
})

test('one whose parent is unknown has none', () => {
  expect(merge(forked(3, 99)).facts).toMatchObject([
    { node: { parent: null, name: UNREAD_NAME, argv: [], exe: null } },
  ])
})

test('a number comes again: the earlier process has ended, the later is another', () => {
  expect(merge(forked(3, 2), forked(3, 2, 31)).facts.slice(1)).toMatchObject([
    { type: 'proc/ended', key: '3:30', exit: { kind: 'lost' } },
    { type: 'proc/started', node: { key: '3:31' } },
  ])
})

test('what a scan met first is not started twice', () => {
  const met = mergeScan(start(), [root, { ...root, pid: 3, startTicks: 30, ppid: 2 }], 1, {
    isExact: true,
  })
  expect(mergeEvents(met.tree, [forked(3, 2)], moment).facts).toEqual([])
})

test('events of processes nobody knows change nothing', () => {
  expect(merge(executed(9, ['x']), exited(9)).facts).toEqual([])
})

describe('scans beside the events', () => {
  const scan = (tree: ProcessTree, readings: ProcessReading[]) =>
    mergeScan(tree, readings, 2, { isExact: true })
  const third = { ...root, pid: 3, startTicks: 30, ppid: 2 }

  test('one that began before a start does not end it; missing from two, it has ended', () => {
    const first = scan(merge(forked(3, 2)).tree, [root])
    expect(first.facts).toEqual([])
    expect(scan(first.tree, [root]).facts).toEqual([
      { type: 'proc/ended', key: '3:30', exit: { kind: 'lost' } },
    ])
    expect(scan(first.tree, [root, third]).facts).toEqual([])
  })

  test('one that began before an end does not start it again', () => {
    const ended = merge(forked(3, 2), exited(3)).tree
    const late = scan(ended, [root, third])
    expect(late.facts).toEqual([])
    const zombie = { ...third, exit: { kind: 'exited' as const, code: 0 } }
    expect(scan(scan(late.tree, [root]).tree, [root, zombie]).facts).toEqual([])
  })

  test('a new title is no new program, but what could not be read at the event may be read now', () => {
    const read = merge(forked(3, 2), executed(3, ['node', 'x'])).tree
    expect(scan(read, [root, { ...third, argv: ['title'], image: 'b' }]).facts).toEqual([])
    const unread = merge(forked(3, 2), executed(3, null)).tree
    expect(scan(unread, [root, { ...third, argv: ['node'], image: 'b' }]).facts).toMatchObject([
      { type: 'proc/exec', argv: ['node'] },
    ])
  })

  test('the last scan counts for all', () => {
    const last = mergeScan(merge(forked(3, 2)).tree, [], 2, { isExact: true, isLast: true })
    expect(last.facts.map((fact) => fact.type)).toEqual(['proc/ended', 'proc/ended'])
  })
})

test('any events and scans: every start has one end, parents are known, facts are valid', () => {
  const pid = fc.integer({ min: 2, max: 6 })
  const event: fc.Arbitrary<ProcessEvent> = fc.oneof(
    fc.tuple(pid, pid, fc.integer({ min: 0, max: 2 })).map(([a, b, ticks]) => forked(a, b, ticks)),
    pid.map((a) => executed(a, ['x'])),
    pid.map((a) => exited(a)),
  )
  const step = fc.oneof(
    fc.array(event, { maxLength: 6 }),
    fc
      .uniqueArray(fc.tuple(pid, fc.integer({ min: 0, max: 2 })), {
        selector: ([a]) => a,
        maxLength: 4,
      })
      .map((items) => ({
        scan: items.map(([a, ticks]) => ({ ...root, pid: a, startTicks: ticks })),
      })),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let tree = emptyTree(0)
      const facts: Fact[] = []
      for (const [index, each] of steps.entries()) {
        const merged =
          'scan' in each
            ? mergeScan(tree, each.scan, index, { isExact: true })
            : mergeEvents(tree, each, moment)
        tree = merged.tree
        facts.push(...merged.facts)
      }
      facts.push(...mergeScan(tree, [], 99, { isExact: true, isLast: true }).facts)
      const live = new Set<string>()
      for (const fact of facts) {
        expect(Fact.safeParse(fact).success).toBe(true)
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
