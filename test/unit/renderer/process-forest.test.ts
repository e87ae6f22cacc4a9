import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ProcessKey,
  type ProcessNode,
  processKey,
} from '../../../src/shared/domain/process.ts'
import type { Fact, TimelineEvent } from '../../../src/shared/domain/timeline.ts'
import { projectAll } from '../../../src/shared/projection.ts'
import {
  createProcessForest,
  pastKey,
  type ProcessForest,
  RECENT_MS,
  type RowOptions,
} from '../../../src/renderer/stores/process-forest.ts'
import { PROCESS_ORDERS } from '../../../src/renderer/stores/process-order.ts'
import { matcherOf } from '../../../src/renderer/stores/process-panel.ts'

const START = 1_000_000
const keyOf = (pid: number): ProcessKey => processKey(pid, pid)

const nodeOf = (pid: number, parent: number | null, patch: Partial<ProcessNode> = {}) => ({
  ...{ key: keyOf(pid), pid, innerPid: null, name: `p${pid}`, argv: [`p${pid}`], exe: null },
  ...{ parent: parent === null ? null : keyOf(parent), cwd: null, state: 'S', cpuPercent: 0 },
  ...{ rssBytes: 0, startedAtMs: START, endedAtMs: null, exit: null },
  ...patch,
})

const started = (pid: number, parent: number | null, patch?: Partial<ProcessNode>): Fact => ({
  type: 'proc/started',
  node: nodeOf(pid, parent, patch),
})
const ended = (pid: number): Fact => ({
  type: 'proc/ended',
  key: keyOf(pid),
  exit: { kind: 'exited', code: 0 },
})
const moved = (pid: number, parent: number): Fact => ({
  type: 'proc/reparented',
  key: keyOf(pid),
  parent: keyOf(parent),
})
/** Something that changes nothing but the time. */
const quiet: Fact = { type: 'terminal/active', bytes: 1, totalBytes: 1 }

const eventsOf = (timed: readonly (readonly [atMs: number, fact: Fact])[]): TimelineEvent[] =>
  timed.map(([monoMs, fact], seq) => ({ seq, monoMs, atMs: START + monoMs, fact }))

const ALL: RowOptions = {
  order: PROCESS_ORDERS.start,
  showsEnded: true,
  folds: new Set(),
  matches: null,
}
const linesOf = (forest: ProcessForest, options: Partial<RowOptions> = {}): string[] =>
  forest.rows({ ...ALL, ...options }).map((row) => {
    const words = row.kind === 'past' ? `${row.count} past` : `p${row.node.pid}`
    return `${'  '.repeat(row.depth)}${words}`
  })
const grown = (events: readonly TimelineEvent[], count = events.length): ProcessForest => {
  const forest = createProcessForest()
  forest.sync(events, projectAll(events.slice(0, count)))
  return forest
}

describe('the tree of processes', () => {
  const events = eventsOf([
    [0, started(1, null)],
    [10, started(2, 1)],
    [20, started(3, 2)],
    [30, ended(3)],
    [40, ended(2)],
    [50, started(4, 1)],
    [60, quiet],
    [100 + RECENT_MS, quiet],
  ])

  test('what ended lately is shown, what ended long ago is one row', () => {
    expect(linesOf(grown(events, 7))).toEqual(['p1', '  p2', '    p3', '  p4'])
    expect(linesOf(grown(events))).toEqual(['p1', '  p4', '  2 past'])
    expect(linesOf(grown(events), { folds: new Set([pastKey(keyOf(1))]) })).toEqual([
      'p1',
      '  p4',
      '  2 past',
      '    p2',
      '      p3',
    ])
    expect(linesOf(grown(events), { showsEnded: false })).toEqual(['p1', '  p4'])
    expect(linesOf(grown(events), { folds: new Set([keyOf(1)]) })).toEqual(['p1'])
  })

  test('a filter finds what is folded away, and shows what leads to it', () => {
    const forest = grown(events)
    const rows = forest.rows({ ...ALL, matches: matcherOf('P3') })
    expect(rows.map((row) => row.kind === 'process' && [row.node.pid, row.isContext])).toEqual([
      [1, true],
      [2, true],
      [3, false],
    ])
  })

  test('a step back shows what was there then', () => {
    const forest = grown(events)
    expect(linesOf(forest)).toEqual(['p1', '  p4', '  2 past'])
    forest.sync(events, projectAll(events.slice(0, 3)))
    expect(linesOf(forest)).toEqual(['p1', '  p2', '    p3'])
    forest.sync(events, projectAll(events))
    expect(linesOf(forest)).toEqual(['p1', '  p4', '  2 past'])
  })

  test('one that starts below what is past brings it back', () => {
    const late = eventsOf([
      ...events.map(({ monoMs, fact }) => [monoMs, fact] as const),
      [200 + RECENT_MS, started(5, 3)],
    ])
    const forest = grown(events)
    expect(linesOf(forest)).toEqual(['p1', '  p4', '  2 past'])
    forest.sync(late, projectAll(late))
    expect(linesOf(forest)).toEqual(['p1', '  p4', '  p2', '    p3', '      p5'])
  })

  test('a new parent moves a process with all below it', () => {
    const daemon = eventsOf([
      [0, started(1, null)],
      [10, started(2, 1)],
      [20, started(3, 2)],
      [30, started(4, 3)],
      [40, ended(2)],
      [50, moved(3, 1)],
    ])
    const forest = grown(daemon)
    expect(linesOf(forest)).toEqual(['p1', '  p2', '  p3', '    p4'])
    expect(forest.pathTo(keyOf(4))).toEqual([1, 3, 4].map(keyOf))
    expect(forest.below(keyOf(3))).toEqual([3, 4].map(keyOf))
    expect(forest.runningBelow(keyOf(1))).toBe(2)
  })

  test('a parent that came after its child, and one that loops, lose nobody', () => {
    const odd = eventsOf([
      [0, started(1, null)],
      [10, started(3, 2)],
      [20, started(2, 1)],
      [30, moved(3, 2)],
      [40, moved(2, 3)],
    ])
    expect(linesOf(grown(odd))).toEqual(['p1', '  p2', '    p3'])
  })

  test('by computing, a busy process brings its parents to the top', () => {
    const busy = eventsOf([
      [0, started(1, null)],
      [1, started(2, 1, { cpuPercent: 5 })],
      [2, started(3, 1)],
      [3, started(4, 3, { cpuPercent: 90 })],
      [4, started(5, 1, { rssBytes: 7 })],
    ])
    const forest = grown(busy)
    expect(linesOf(forest, { order: PROCESS_ORDERS.cpu })).toEqual([
      'p1',
      '  p3',
      '    p4',
      '  p2',
      '  p5',
    ])
    expect(linesOf(forest, { order: PROCESS_ORDERS.memory })[1]).toBe('  p5')
    expect(linesOf(forest, { order: PROCESS_ORDERS.age })[1]).toBe('  p5')
  })

  test('a chain deeper than any stack is walked', () => {
    const deep = eventsOf(
      Array.from({ length: 30_000 }, (_, n) => [n, started(n + 1, n === 0 ? null : n)] as const),
    )
    expect(linesOf(grown(deep))).toHaveLength(30_000)
  })

  test('whatever happens, every process stands in exactly one row or fold', () => {
    const act = fc.record({
      pid: fc.integer({ min: 1, max: 12 }),
      other: fc.integer({ min: 0, max: 12 }),
      what: fc.constantFrom('start', 'end', 'move', 'wait'),
      stepMs: fc.integer({ min: 0, max: RECENT_MS }),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        let atMs = 0
        const known = new Set<number>()
        const log: (readonly [number, Fact])[] = []
        for (const { pid, other, what, stepMs } of acts) {
          atMs += stepMs
          if (what === 'start' && !known.has(pid)) {
            log.push([atMs, started(pid, known.has(other) ? other : null)])
            known.add(pid)
          } else if (what === 'end' && known.has(pid)) log.push([atMs, ended(pid)])
          else if (what === 'move' && known.has(pid) && known.has(other))
            log.push([atMs, moved(pid, other)])
          else log.push([atMs, quiet])
        }
        const all = eventsOf(log)
        const forest = createProcessForest()
        for (let count = 1; count <= all.length; count++) {
          const state = projectAll(all.slice(0, count))
          forest.sync(all, state)
          const rows = forest.rows(ALL)
          const processes = rows.filter((row) => row.kind === 'process')
          const past = rows.reduce((sum, row) => sum + (row.kind === 'past' ? row.count : 0), 0)
          expect(processes.length + past).toBe(state.processes.size)
          expect(new Set(processes.map(({ key }) => key)).size).toBe(processes.length)
          const shown = new Set<string>(processes.map(({ key }) => key))
          for (const node of state.processes.values())
            if (node.endedAtMs === null) expect(shown.has(node.key)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})
