import type { QuestionChange } from '../../shared/contract/api.ts'
import type { StreamSource } from '../../shared/contract/define.ts'
import type {
  AgentAnswer,
  AgentChoice,
  AgentQuestion,
  QuestionOutcome,
} from '../../shared/domain/agent-question.ts'
import type { AgentId } from '../../shared/domain/agent.ts'
import type { PromptId, SessionId } from '../../shared/domain/ids.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { createBroadcast } from './broadcast.ts'
import type { BroughtQuestion, QuestionReply } from './egress-port.ts'
import type { NewId } from './ids.ts'
import type { Clock } from './ports.ts'

/** What an agent asks, out of its own format. */
export type AskedByAgent = Pick<AgentQuestion, 'tool' | 'folder' | 'input'>

/** How one agent brings its questions, and how it wants to be answered. */
export interface QuestionWire {
  /** null: this is none. `leave`: one that only its terminal can answer. */
  read(body: unknown): AskedByAgent | 'leave' | null
  write(choice: Exclude<AgentChoice, 'leave'>, words: string): string
}

export interface Questions {
  /** How questions of this session are taken; null: its agent brings none. */
  desk(
    sessionId: SessionId,
    agent: AgentId,
  ): ((brought: BroughtQuestion) => Promise<QuestionReply | null>) | null
  /** Resolves once the program that asked took the answer over, or could no longer. */
  answer(answer: AgentAnswer): Promise<Result<null, { readonly type: 'question_expired' }>>
  /** The session ends: what of it still waits is left unanswered. */
  cancel(sessionId: SessionId): void
  readonly watch: StreamSource<AgentQuestion[], QuestionChange>
}

export interface QuestionsOptions {
  readonly clock: Clock
  readonly newId: NewId
  readonly report: (sessionId: SessionId, fact: Fact) => void
  readonly wireOf: (agent: AgentId) => QuestionWire | null
}

/** Milliseconds a question waits for a person. Less than the agents themselves wait for us. */
export const QUESTION_WAIT_MS = 590_000

/** What a program inside may cause without end is bounded; past that the terminal asks. */
const MOST_WAITING = { session: 16, all: 64 }
const MOST_A_MINUTE = 30
const MINUTE_MS = 60_000

/** An empty answer is no decision: the agent asks as if nobody had been here. */
const LEFT: QuestionReply = { body: '', told: () => undefined }

interface Waiting {
  readonly question: AgentQuestion
  readonly wire: QuestionWire
  readonly timer: NodeJS.Timeout
  readonly reply: (reply: QuestionReply) => void
  /** On its way to the program: nothing else may settle it. */
  isAnswering: boolean
}

/**
 * Agents' own questions, oldest first; none is ever merged with another or replaced. Only a person
 * allows, and nothing counts as answered before the connection that asked took the answer.
 */
export function createQuestions(options: QuestionsOptions): Questions {
  const { clock } = options
  const waiting = new Map<PromptId, Waiting>()
  const raised = new Map<SessionId, readonly number[]>()
  const { tell, watch } = createBroadcast<AgentQuestion[], QuestionChange>(() =>
    [...waiting.values()].map(({ question }) => question),
  )

  const settle = ({ question, timer }: Waiting, outcome: QuestionOutcome): void => {
    if (!waiting.delete(question.id)) return
    clearTimeout(timer)
    options.report(question.sessionId, { type: 'question/settled', question, outcome })
    tell({ type: 'settled', id: question.id })
  }

  const withdraw = (
    entry: Waiting,
    why: Extract<QuestionOutcome, { kind: 'withdrawn' }>['why'],
  ): void => {
    if (entry.isAnswering) return
    settle(entry, { kind: 'withdrawn', why })
    entry.reply(LEFT)
  }

  const hasRoom = (sessionId: SessionId): boolean => {
    const own = [...waiting.values()].filter(({ question }) => question.sessionId === sessionId)
    if (own.length >= MOST_WAITING.session || waiting.size >= MOST_WAITING.all) return false
    const nowMs = clock.monoMs()
    const recent = (raised.get(sessionId) ?? []).filter((atMs) => nowMs - atMs < MINUTE_MS)
    if (recent.length >= MOST_A_MINUTE) return false
    raised.set(sessionId, [...recent, nowMs])
    return true
  }

  const raise = (
    sessionId: SessionId,
    wire: QuestionWire,
    asked: AskedByAgent,
    { requester, gone }: BroughtQuestion,
  ): Promise<QuestionReply> =>
    new Promise((reply) => {
      const raisedAtMs = clock.wallMs()
      const question: AgentQuestion = {
        ...{ id: options.newId('prm'), sessionId, raisedAtMs, requester },
        ...{ expiresAtMs: raisedAtMs + QUESTION_WAIT_MS, ...asked },
      }
      const timer = setTimeout(() => withdraw(entry, 'timeout'), QUESTION_WAIT_MS)
      const entry: Waiting = { question, wire, timer, reply, isAnswering: false }
      waiting.set(question.id, entry)
      options.report(sessionId, { type: 'question/asked', question })
      tell({ type: 'set', question })
      gone.addEventListener('abort', () => withdraw(entry, 'hung-up'), { once: true })
    })

  return {
    desk: (sessionId, agent) => {
      const wire = options.wireOf(agent)
      if (!wire) return null
      return async (brought) => {
        const asked = wire.read(brought.body)
        if (asked === null) return null
        if (asked === 'leave' || brought.gone.aborted || !hasRoom(sessionId)) return LEFT
        return raise(sessionId, wire, asked, brought)
      }
    },

    answer: ({ promptId, choice, words }) => {
      const entry = waiting.get(promptId)
      if (!entry || entry.isAnswering) return Promise.resolve(err({ type: 'question_expired' }))
      entry.isAnswering = true
      return new Promise((resolve) => {
        const told = (isTaken: boolean): void => {
          settle(
            entry,
            isTaken
              ? { kind: 'person', choice, words: choice === 'deny' ? words : '' }
              : { kind: 'withdrawn', why: 'hung-up' },
          )
          resolve(isTaken ? ok(null) : err({ type: 'question_expired' }))
        }
        const body = choice === 'leave' ? LEFT.body : entry.wire.write(choice, words)
        entry.reply({ body, told })
      })
    },

    cancel: (sessionId) => {
      raised.delete(sessionId)
      for (const entry of [...waiting.values()])
        if (entry.question.sessionId === sessionId) withdraw(entry, 'session-ended')
    },

    watch,
  }
}
