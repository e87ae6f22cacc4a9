import { describe, expect, test } from 'vitest'
import { relatedTo } from '../../../src/renderer/stores/related.ts'
import type { ConnectionId, PromptId } from '../../../src/shared/domain/ids.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { lineBefore, recordedLogOf } from '../../../src/renderer/stores/recorded-log.ts'
import type { TerminalRecord } from '../../../src/shared/terminal-log.ts'
import { eventOf, sessionId } from '../../helpers/recording.ts'

const ID = { a: 'con_000000000000000a' as ConnectionId, b: 'con_000000000000000b' as ConnectionId }
const PROMPT = 'prm_0000000000000001' as PromptId
const identity = (pid: number) => ({
  ...{ key: processKey(pid, 1), pid, name: 'curl', argv: ['curl'], exe: null },
})
const requester = { process: identity(7), ancestors: [] }
const destination = { host: 'x.example', port: 443, protocol: 'connect' as const }
const node = (pid: number) => ({
  ...{ ...identity(pid), innerPid: null, parent: null, cwd: null, state: 'S', cpuPercent: 0 },
  ...{ rssBytes: 0, startedAtMs: 0, endedAtMs: null, exit: null },
})
const decision = { action: 'allow', by: { kind: 'person', lifetime: 'once' } } as const
const content = { kind: 'unknown' } as const
const changed = (path: string, pid: number): Fact => ({
  ...{ type: 'file/changed', change: 'written', path, from: null, isFolder: false },
  ...{ writer: processKey(pid, 1), before: content, after: content },
})
const FACTS: readonly Fact[] = [
  { type: 'proc/started', node: node(7) },
  { type: 'proc/started', node: node(8) },
  { type: 'net/requested', connectionId: ID.a, destination, requester },
  {
    type: 'prompt/raised',
    request: {
      ...{ id: PROMPT, sessionId: sessionId(1), raisedAtMs: 0, expiresAtMs: 1, destination },
      ...{ requester, connections: [ID.a], wider: null },
    },
  },
  { type: 'net/requested', connectionId: ID.b, destination, requester },
  { type: 'prompt/joined', promptId: PROMPT, connectionId: ID.b },
  { type: 'terminal/active', bytes: 1, totalBytes: 1 },
  { type: 'prompt/answered', promptId: PROMPT, decision },
  { type: 'net/decided', connectionId: ID.a, decision },
  { type: 'net/closed', connectionId: ID.a, bytesUp: 1, bytesDown: 2 },
  changed('one', 8),
  changed('two', 8),
  changed('one', 7),
  { type: 'proc/ended', key: processKey(7, 1), exit: { kind: 'exited', code: 0 } },
]
const EVENTS = FACTS.map((fact, seq) => eventOf(seq, fact))
const related = (seq: number) => relatedTo(EVENTS, EVENTS[seq]!).map((event) => event.seq)

describe('cause and effect', () => {
  test('of a connection: its process, the prompt it raised, the decision, the bytes', () => {
    expect(related(9)).toEqual([0, 2, 3, 4, 5, 7, 8, 9, 13])
  })
  test('of an answer: every connection that waited for it', () => {
    expect(related(7)).toEqual([0, 2, 3, 4, 5, 7, 8, 9, 13])
  })
  test('of a process: what it asked for and what it changed', () => {
    expect(related(1)).toEqual([1, 10, 11])
    expect(related(13)).toEqual([0, 2, 4, 12, 13])
  })
  test('of a change: who made it, and the other changes of the file', () => {
    expect(related(10)).toEqual([1, 10, 12])
  })
  test('of what belongs to nothing there is none', () => expect(related(6)).toEqual([]))
  test('of much are the nearest', () => {
    const many = Array.from({ length: 500 }, (_, seq) => eventOf(seq, changed('one', 8)))
    const seqs = relatedTo(many, many[250]!).map(({ seq }) => seq)
    expect(seqs).toHaveLength(40)
    expect(seqs[20]).toBe(250)
  })
})

test('the line above a moment is the last that was written before it', async () => {
  const records: TerminalRecord[] = [
    ['$ npm test\r\n', 10],
    ['\x1b[32mok\x1b[0m 1\r\n\r\n', 20],
    ['later', 30],
  ].map(([text, monoMs]) => ({
    ...{ kind: 'output', monoMs: Number(monoMs) },
    bytes: new TextEncoder().encode(String(text)),
  }))
  const log = recordedLogOf(records)
  expect(await lineBefore(log, 5)).toBeNull()
  expect(await lineBefore(log, 10)).toBe('$ npm test')
  expect(await lineBefore(log, 25)).toBe('ok 1')
  expect(await lineBefore(log, 99)).toBe('later')
})
