import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { createCpuHistory } from '../../../src/renderer/stores/cpu-history.ts'
import { createTrackBuilder } from '../../../src/renderer/stores/tracks.ts'
import { treeAsText, wordsOfControl } from '../../../src/renderer/words/processes.ts'

const keyOf = (pid: number) => processKey(pid, pid)
const nodeOf = (pid: number, parent: number | null) => ({
  ...{ key: keyOf(pid), pid, innerPid: null, name: `p${pid}`, argv: [`p${pid}`], exe: null },
  ...{ parent: parent === null ? null : keyOf(parent), cwd: null, state: 'S', cpuPercent: 0 },
  ...{ rssBytes: 0, startedAtMs: 0, endedAtMs: null, exit: null },
})

describe('processes over time', () => {
  test('each stands below its parent, and no two of a row overlap', () => {
    const act = fc.record({
      isStart: fc.boolean(),
      at: fc.nat({ max: 30 }),
      stepMs: fc.nat({ max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
        const { tracks, add } = createTrackBuilder()
        const alive: number[] = []
        const parents = new Map<number, number | null>()
        let monoMs = 0
        let seq = 0
        const tell = (fact: Fact): void => add({ seq: seq++, monoMs, atMs: monoMs, fact })
        for (const { isStart, at, stepMs } of acts) {
          monoMs += stepMs
          const other = alive[at % Math.max(1, alive.length)] ?? null
          if (isStart) {
            const pid = parents.size + 1
            parents.set(pid, other)
            alive.push(pid)
            tell({ type: 'proc/started', node: nodeOf(pid, other) })
          } else if (other !== null) {
            alive.splice(alive.indexOf(other), 1)
            tell({ type: 'proc/ended', key: keyOf(other), exit: { kind: 'lost' } })
          }
        }
        const rowOf = new Map<string, number>()
        for (const [row, marks] of tracks.flame.entries())
          for (const [index, mark] of marks.entries()) {
            rowOf.set(mark.label, row)
            const next = marks[index + 1]
            if (next) expect(mark.endMs ?? Infinity).toBeLessThanOrEqual(next.startMs)
          }
        expect(rowOf.size).toBe(parents.size)
        for (const [pid, parent] of parents)
          if (parent !== null)
            expect(rowOf.get(`p${pid}`)).toBeGreaterThan(rowOf.get(`p${parent}`)!)
      }),
      { numRuns: 300 },
    )
  })

  test('the course of computing time ends at the playhead, one value a second', () => {
    const cpu = createCpuHistory()
    for (let atMs = 0; atMs <= 10_000; atMs += 200)
      cpu.add(atMs, [{ key: keyOf(1), state: 'R', cpuPercent: atMs / 100, rssBytes: 0 }])
    expect(cpu.until(keyOf(1), 5500, 3)).toEqual([30, 40, 50])
    expect(cpu.until(keyOf(1), Infinity, 99)).toHaveLength(11)
    expect(cpu.until(keyOf(2), 5500, 3)).toEqual([])
  })
})

describe('words', () => {
  test('a tree as text keeps its shape and shows what a program hides in its arguments', () => {
    const child = { ...nodeOf(12, 1), argv: ['sh', '-c', 'a\u202eb'], role: 'shell' as const }
    const text = treeAsText([
      { node: { ...nodeOf(1, null), exit: { kind: 'exited', code: 2 } }, depth: 0 },
      { node: child, depth: 1 },
    ])
    expect(text.split('\n')[0]).toBe('      1  p1  [ended with code 2]')
    expect(text.split('\n')[1]).toMatch(/^ {5}12 {4}sh -c .*\(shell\)$/)
    expect(text).not.toContain('\u202e')
  })

  test.each([
    ['freeze', 3, 0, 'Froze 3 processes.'],
    ['kill', 2, 1, 'Killed 2 processes. 1 process is still there.'],
    ['thaw', 5, 2, 'Thawed 5 processes. 2 processes are still frozen.'],
    ['stop', 0, 0, 'There was no process left to do that to.'],
  ] as const)('%s of %i with %i left', (action, affected, remained, words) => {
    expect(wordsOfControl(action, { affected, remained })).toBe(words)
  })
})
