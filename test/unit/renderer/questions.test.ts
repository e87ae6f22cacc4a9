import { describe, expect, test } from 'vitest'
import { relatedTo } from '../../../src/renderer/stores/related.ts'
import { inOrder } from '../../../src/renderer/stores/prompts.ts'
import { createTrackBuilder } from '../../../src/renderer/stores/tracks.ts'
import { wordsOfEntry } from '../../../src/renderer/words/audit.ts'
import { wordsOfFact } from '../../../src/renderer/words/facts.ts'
import { createAudit } from '../../../src/main/core/audit.ts'
import type { AgentQuestion, QuestionOutcome } from '../../../src/shared/domain/agent-question.ts'
import type { AuditEntry } from '../../../src/shared/domain/audit.ts'
import type { PromptId } from '../../../src/shared/domain/ids.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { projectAll } from '../../../src/shared/projection.ts'
import { eventOf } from '../../helpers/recording.ts'
import { PROMPTS } from '../../visual/harness/events.ts'
import { MAIN, SESSIONS } from '../../visual/harness/sessions.ts'

const identity = { key: processKey(7, 1), pid: 7, name: 'claude', argv: ['claude'], exe: null }
const question = (n: number): AgentQuestion => ({
  ...{ id: `prm_000000000000000${n}` as PromptId, sessionId: MAIN, tool: 'Bash', folder: '/w' },
  ...{ raisedAtMs: n, expiresAtMs: 600_000, requester: { process: identity, ancestors: [] } },
  input: [{ name: 'command', value: 'ls \u202E' }],
})
const asked = (n: number): Fact => ({ type: 'question/asked', question: question(n) })
const settled = (n: number, outcome: QuestionOutcome): Fact => ({
  ...{ type: 'question/settled', question: question(n), outcome },
})
const person = (choice: 'allow' | 'deny' | 'leave', words = ''): QuestionOutcome => ({
  ...{ kind: 'person', choice, words },
})

const session = { ...SESSIONS[0]!, pendingPrompts: 0 }
const FACTS: readonly Fact[] = [
  { type: 'session/created', session },
  asked(1),
  asked(2),
  settled(1, person('allow')),
  settled(2, { kind: 'withdrawn', why: 'hung-up' }),
]
const EVENTS = FACTS.map((fact, seq) => eventOf(seq, fact))

test('a session counts questions among its prompts, live and in a replay', () => {
  const counts = EVENTS.map((_, n) => projectAll(EVENTS.slice(0, n + 1)).session?.pendingPrompts)
  expect(counts).toEqual([0, 1, 2, 1, 0])
  const ended = eventOf(3, { type: 'session/ended', exit: { kind: 'exited', code: 0 } })
  expect(projectAll([...EVENTS.slice(0, 3), ended]).questions).toEqual([])
})

test('one inbox: whoever asks, the oldest comes first', () => {
  const early = { ...PROMPTS[0]!, raisedAtMs: 1.5 }
  const order = inOrder({ pending: [early], questions: [question(1), question(2)] })
  expect(order.map(({ kind }) => kind)).toEqual(['question', 'request', 'question'])
})

test('on the timeline each is a mark from asking to its end', () => {
  const builder = createTrackBuilder()
  for (const event of EVENTS) builder.add(event)
  const marks = builder.tracks.marks.filter(({ track }) => track === 'prompts')
  expect(marks.map(({ tone, label }) => [tone, label])).toEqual([
    ['allow', 'Bash'],
    ['plain', 'Bash'],
  ])
  expect(marks.every(({ endMs }) => endMs !== null)).toBe(true)
})

test('cause and effect: the question and what became of it', () => {
  expect(relatedTo(EVENTS, EVENTS[3]!).map(({ seq }) => seq)).toEqual([1, 3])
})

describe('in words', () => {
  test.each([
    [asked(1), 'The agent asks to use Bash: ls ⟨U+202E⟩'],
    [settled(1, person('allow')), 'The agent was allowed to use Bash: ls ⟨U+202E⟩'],
    [settled(1, person('deny', 'no')), 'The agent was denied Bash: ls ⟨U+202E⟩, with “no”'],
    [settled(1, person('deny')), 'The agent was denied Bash: ls ⟨U+202E⟩'],
    [settled(1, person('leave')), 'Left to the agent’s terminal: Bash: ls ⟨U+202E⟩'],
    [
      settled(1, { kind: 'withdrawn', why: 'timeout' }),
      'Not answered in time, and left to the agent’s terminal: Bash: ls ⟨U+202E⟩',
    ],
  ])('%#', (fact, words) => expect(wordsOfFact(fact)).toBe(words))
})

test('the audit has what a person answered, and not what was withdrawn', () => {
  const entries: AuditEntry[] = []
  const audit = createAudit({
    append: (entry) => void entries.push({ n: entries.length + 1, ...entry }),
    read: () => Promise.resolve(entries),
    verify: () => Promise.resolve({ result: 'whole', entries: entries.length }),
    close: () => Promise.resolve(),
  })
  audit.told(MAIN, EVENTS, projectAll(EVENTS))
  expect(entries.map(({ fact }) => fact.type)).toEqual(['session/created', 'question/settled'])
  const [, entry] = entries
  expect(entry).toMatchObject({ program: 'claude', fact: FACTS[3] })
  expect(wordsOfEntry({ ...entry!, fact: settled(1, person('deny')) })).toMatchObject({
    ...{ who: 'You', isRefusal: true },
  })
})
