import { describe, expect, test } from 'vitest'
import { ContentHash, type FileContent } from '../../../src/shared/domain/file-changes.ts'
import type { ConnectionId } from '../../../src/shared/domain/ids.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import {
  isSameContent,
  isSameRun,
  isSameUse,
  outlineOf,
  pairsOf,
} from '../../../src/shared/recording/compare.ts'
import { eventOf, sampleSession, sessionId } from '../../helpers/recording.ts'

const content = (letter: string): FileContent => ({
  ...{ kind: 'file', bytes: 3 },
  hash: ContentHash.parse(letter.repeat(64)),
})
const started = (pid: number, argv: string[], code: number): Fact[] => [
  {
    type: 'proc/started',
    node: {
      ...{ key: processKey(pid, pid), pid, name: 'x', argv, exe: null, innerPid: null },
      ...{ parent: null, cwd: null, state: 'S', cpuPercent: 0, rssBytes: 0 },
      ...{ startedAtMs: 0, endedAtMs: null, exit: null },
    },
  },
  { type: 'proc/ended', key: processKey(pid, pid), exit: { kind: 'exited', code } },
]
const reached = (n: number, host: string, action: 'allow' | 'deny'): Fact[] => {
  const connectionId = `con_${String(n).padStart(16, '0')}` as ConnectionId
  return [
    {
      ...{ type: 'net/requested', connectionId, requester: null },
      destination: { host, port: 443, protocol: 'connect' },
    },
    {
      ...{ type: 'net/decided', connectionId },
      decision: { action, by: { kind: 'person', lifetime: 'once' } },
    },
  ]
}
const changed = (path: string, after: FileContent): Fact => ({
  ...{ type: 'file/changed', change: 'written', path, from: null, isFolder: false, writer: null },
  ...{ before: { kind: 'absent' }, after },
})
const outline = (...facts: Fact[]) =>
  outlineOf(
    [{ type: 'session/created', session: sampleSession(sessionId(1)) } as const, ...facts].map(
      (fact, seq) => eventOf(seq, fact),
    ),
  )

const A = outline(
  ...started(1, ['/usr/bin/npm', 'test'], 1),
  ...started(2, ['/usr/bin/npm', 'test'], 0),
  ...started(3, ['/bin/ls'], 0),
  ...reached(1, 'registry.example', 'allow'),
  ...reached(2, 'evil.example', 'deny'),
  changed('a', content('a')),
  changed('b', content('b')),
  changed('only-in-a', { kind: 'unknown' }),
)
const B = outline(
  ...started(9, ['/opt/bin/npm', 'test'], 0),
  ...started(8, ['/bin/ls'], 0),
  ...reached(1, 'registry.example', 'allow'),
  ...reached(2, 'registry.example', 'allow'),
  changed('a', content('c')),
  changed('b', content('b')),
)

describe('two recordings', () => {
  test('differ in what was run, whatever its folder and its numbers', () => {
    expect(pairsOf(A.programs, B.programs, isSameRun)).toEqual([
      { key: 'npm test', a: { runs: 2, failed: 1 }, b: { runs: 1, failed: 0 }, isSame: false },
      { key: 'ls', a: { runs: 1, failed: 0 }, b: { runs: 1, failed: 0 }, isSame: true },
    ])
  })
  test('differ in whom they reached, not in how often', () => {
    expect(pairsOf(A.hosts, B.hosts, isSameUse)).toMatchObject([
      { key: 'evil.example:443', a: { refused: 1 }, b: null, isSame: false },
      { key: 'registry.example:443', a: { allowed: 1 }, b: { allowed: 2 }, isSame: true },
    ])
  })
  test('differ in what files came to be; what is not known is not the same', () => {
    expect(
      pairsOf(A.files, B.files, isSameContent).map(({ key, isSame }) => [key, isSame]),
    ).toEqual([
      ['a', false],
      ['only-in-a', false],
      ['b', true],
    ])
    expect(isSameContent({ kind: 'unknown' }, { kind: 'unknown' })).toBe(false)
    expect(isSameContent({ kind: 'absent' }, { kind: 'absent' })).toBe(true)
  })
  test('are compared with what they were started with', () => {
    expect(A).toMatchObject({ level: 'os', prompts: 0 })
    expect(outlineOf([])).toMatchObject({ level: null, durationMs: 0 })
  })
})
