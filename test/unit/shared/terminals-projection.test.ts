import { expect, test } from 'vitest'
import { type SessionId, TerminalId } from '../../../src/shared/domain/ids.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { projectAll } from '../../../src/shared/projection.ts'
import { eventOf } from '../../helpers/recording.ts'

const [ONE, TWO] = ['trm_0000000000000001', 'trm_0000000000000002'].map((id) =>
  TerminalId.parse(id),
) as [TerminalId, TerminalId]
const SESSION = 'ses_0000000000000001' as SessionId

const opened = (terminal: TerminalId, number: number): Fact => ({
  ...{ type: 'terminal/opened', terminal, number, key: processKey(number, 7) },
})
const after = (...facts: Fact[]) =>
  projectAll(facts.map((fact, seq) => ({ ...eventOf(seq, fact), atMs: 1000 + seq })))

test('output counts for the terminal it came from', () => {
  const state = after(
    { type: 'terminal/active', bytes: 5, totalBytes: 5 },
    opened(ONE, 1),
    opened(TWO, 2),
    { type: 'terminal/active', bytes: 3, totalBytes: 30, terminal: TWO },
  )
  expect(state.terminalBytes).toBe(5)
  expect(state.terminals.map(({ id, bytes }) => [id, bytes])).toEqual([
    [ONE, 0],
    [TWO, 30],
  ])
})

test('one that ended keeps its end, and with the session all end', () => {
  const ended: Fact = { type: 'terminal/ended', terminal: ONE, exit: { kind: 'exited', code: 7 } }
  const running = after(opened(ONE, 1), opened(TWO, 2), ended)
  expect(running.terminals).toMatchObject([
    { id: ONE, endedAtMs: 1002, exit: { kind: 'exited', code: 7 } },
    { id: TWO, endedAtMs: null, exit: null },
  ])
  const over = after(opened(ONE, 1), opened(TWO, 2), ended, {
    ...{ type: 'session/interrupted', reason: 'x' },
  })
  expect(over.terminals).toMatchObject([
    { endedAtMs: 1002, exit: { kind: 'exited', code: 7 } },
    { endedAtMs: 1003, exit: { kind: 'lost' } },
  ])
})

test('a terminal is not a session, and is told apart from one', () => {
  expect(TerminalId.safeParse(SESSION).success).toBe(false)
  expect(
    after({ type: 'terminal/ended', terminal: ONE, exit: { kind: 'lost' } }).terminals,
  ).toEqual([])
})
