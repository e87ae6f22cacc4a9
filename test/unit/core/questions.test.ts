import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { QuestionReply } from '../../../src/main/core/egress-port.ts'
import type { NewId } from '../../../src/main/core/ids.ts'
import {
  createQuestions,
  QUESTION_WAIT_MS,
  type Questions,
  type QuestionWire,
} from '../../../src/main/core/questions.ts'
import type { AgentChoice, AgentQuestion } from '../../../src/shared/domain/agent-question.ts'
import type { SessionId } from '../../../src/shared/domain/ids.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'

const A = 'ses_aaaaaaaaaaaaaaaa' as SessionId
const B = 'ses_bbbbbbbbbbbbbbbb' as SessionId
const INPUT = [{ name: 'command', value: 'ls' }]

const wire: QuestionWire = {
  read: (body) =>
    body === 'garbage'
      ? null
      : body === 'plan'
        ? 'leave'
        : { tool: 'Bash', folder: '/w', input: INPUT },
  write: (choice, words) => `${choice} ${words}`,
}

let questions: Questions
let facts: { sessionId: SessionId; fact: Fact }[]
let waiting: AgentQuestion[]
let nextId: number

beforeEach(() => {
  vi.useFakeTimers()
  facts = []
  waiting = []
  nextId = 0
  questions = createQuestions({
    clock: { wallMs: () => Date.now(), monoMs: () => Date.now() },
    newId: ((prefix) => `${prefix}_${String(nextId++).padStart(16, '0')}`) as NewId,
    report: (sessionId, fact) => facts.push({ sessionId, fact }),
    wireOf: (agent) => (agent === 'claude-code' ? wire : null),
  })
  questions.watch((frame) => {
    if (frame.type === 'snapshot') waiting = frame.state
    else if (frame.change.type === 'set') waiting = [...waiting, frame.change.question]
    else {
      const { id } = frame.change
      waiting = waiting.filter((item) => item.id !== id)
    }
  })
})
afterEach(() => vi.useRealTimers())

/** What came back to the program, once something did. */
interface Asked {
  readonly gone: AbortController
  reply: QuestionReply | null | undefined
}

async function ask(sessionId: SessionId, body: unknown = 'a question'): Promise<Asked> {
  const gone = new AbortController()
  const asked: Asked = { gone, reply: undefined }
  const desk = questions.desk(sessionId, 'claude-code')
  void desk?.({ body, requester: null, gone: gone.signal }).then((reply) => (asked.reply = reply))
  await vi.advanceTimersByTimeAsync(0)
  return asked
}

const answer = (question: AgentQuestion | undefined, choice: AgentChoice, words = '') =>
  questions.answer({ promptId: question!.id, choice, words })

const outcomes = () =>
  facts.flatMap(({ fact }) => (fact.type === 'question/settled' ? [fact.outcome] : []))

test('it counts as answered only when the program has the answer', async () => {
  const asked = await ask(A)
  expect(waiting).toMatchObject([{ sessionId: A, tool: 'Bash', folder: '/w', input: INPUT }])
  const answered = vi.fn<(result: unknown) => void>()
  void answer(waiting[0], 'allow').then(answered)
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.reply?.body).toBe('allow ')
  expect([answered.mock.calls, outcomes(), waiting.length]).toEqual([[], [], 1])
  asked.reply?.told(true)
  await vi.advanceTimersByTimeAsync(0)
  expect(answered).toHaveBeenCalledWith({ ok: true, value: null })
  expect(outcomes()).toEqual([{ kind: 'person', choice: 'allow', words: '' }])
  expect(waiting).toEqual([])
})

test('an answer that did not reach the program was none', async () => {
  const asked = await ask(A)
  const answered = answer(waiting[0], 'allow')
  await vi.advanceTimersByTimeAsync(0)
  asked.gone.abort()
  expect(outcomes()).toEqual([])
  asked.reply?.told(false)
  expect(await answered).toEqual({ ok: false, error: { type: 'question_expired' } })
  expect(outcomes()).toEqual([{ kind: 'withdrawn', why: 'hung-up' }])
})

test('one answer at a time: a second one changes nothing', async () => {
  const asked = await ask(A)
  const [question] = waiting
  const first = answer(question, 'deny', 'no')
  expect(await answer(question, 'allow')).toMatchObject({ ok: false })
  await vi.advanceTimersByTimeAsync(0)
  asked.reply?.told(true)
  expect(await first).toMatchObject({ ok: true })
  expect(asked.reply?.body).toBe('deny no')
  expect(await answer(question, 'allow')).toMatchObject({ ok: false })
  expect(outcomes()).toEqual([{ kind: 'person', choice: 'deny', words: 'no' }])
})

test('left to the terminal, the program gets no decision', async () => {
  const asked = await ask(A)
  const answered = answer(waiting[0], 'leave')
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.reply?.body).toBe('')
  asked.reply?.told(true)
  expect(await answered).toMatchObject({ ok: true })
  expect(outcomes()).toEqual([{ kind: 'person', choice: 'leave', words: '' }])
})

test.each([
  ['hung-up', ({ gone }: Asked) => gone.abort()],
  ['session-ended', () => questions.cancel(A)],
  ['timeout', () => vi.advanceTimersByTime(QUESTION_WAIT_MS)],
] as const)('%s: withdrawn without a decision, and an answer comes too late', async (why, end) => {
  const asked = await ask(A)
  const [question] = waiting
  end(asked)
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.reply?.body).toBe('')
  expect(await answer(question, 'allow')).toMatchObject({ ok: false })
  expect(outcomes()).toEqual([{ kind: 'withdrawn', why }])
  expect(waiting).toEqual([])
})

test('the end of one session leaves the others’ questions', async () => {
  await ask(A)
  await ask(B)
  questions.cancel(A)
  expect(waiting.map(({ sessionId }) => sessionId)).toEqual([B])
})

test('the oldest stays first, and the same one twice is two', async () => {
  for (const session of [A, B, A]) await ask(session)
  expect(waiting.map(({ sessionId }) => sessionId)).toEqual([A, B, A])
})

test('garbage is refused, and what only a terminal can answer is left to it', async () => {
  expect((await ask(A, 'garbage')).reply).toBeNull()
  expect((await ask(A, 'plan')).reply?.body).toBe('')
  expect([facts, waiting]).toEqual([[], []])
  expect(questions.desk(A, 'command')).toBeNull()
})

test('a flood is left to the terminal, and keeps no other session from asking', async () => {
  const all: Asked[] = []
  for (let n = 0; n < 100; n++) all.push(await ask(A))
  expect(waiting).toHaveLength(16)
  expect(all.filter(({ reply }) => reply?.body === '')).toHaveLength(84)
  await ask(B)
  expect(waiting.at(-1)?.sessionId).toBe(B)
})

test('asking and hanging up again and again is bounded by the minute', async () => {
  const many = async (): Promise<void> => {
    for (let n = 0; n < 100; n++) (await ask(A)).gone.abort()
  }
  await many()
  expect(outcomes()).toHaveLength(30)
  await vi.advanceTimersByTimeAsync(60_000)
  await many()
  expect(outcomes()).toHaveLength(60)
})
