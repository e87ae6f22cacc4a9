import { z } from 'zod'
import { PromptId, SessionId } from './ids.ts'
import { Requester } from './policy.ts'

/** Where programs inside bring an agent's own questions: the host itself answers there, on port 80. */
export const QUESTIONS_NAME = 'questions.cloche.internal'

/**
 * A permission that the agent itself asks for, before one of its tools runs. The boundary is the same
 * whatever is answered. Everything but ids and times is the words of a program inside.
 */
export const AgentQuestion = z.strictObject({
  id: PromptId,
  sessionId: SessionId,
  raisedAtMs: z.number(),
  /** When it is left to the agent's own prompt in the terminal. */
  expiresAtMs: z.number(),
  /** Who brought it; null: the kernel no longer knew. */
  requester: Requester.nullable(),
  tool: z.string(),
  /** The folder it would run in. */
  folder: z.string(),
  /** All that the tool would be given, member by member; what is no text is JSON. */
  input: z.array(z.strictObject({ name: z.string(), value: z.string() })),
})
export type AgentQuestion = z.infer<typeof AgentQuestion>

/** `leave`: no answer from here; the agent asks in its terminal. */
export const AgentChoice = z.enum(['allow', 'deny', 'leave'])
export type AgentChoice = z.infer<typeof AgentChoice>

export const AgentAnswer = z.strictObject({
  promptId: PromptId,
  choice: AgentChoice,
  /** Told to the agent with a `deny`; empty: nothing but that it was denied. */
  words: z.string().max(1000),
})
export type AgentAnswer = z.infer<typeof AgentAnswer>

export const QuestionOutcome = z.discriminatedUnion('kind', [
  /** A person answered, and the program that asked took the answer over. */
  z.strictObject({ kind: z.literal('person'), choice: AgentChoice, words: z.string() }),
  /** Nobody's answer reached it: it hung up (so it does when it is answered in its terminal), … */
  z.strictObject({
    kind: z.literal('withdrawn'),
    why: z.enum(['hung-up', 'session-ended', 'timeout']),
  }),
])
export type QuestionOutcome = z.infer<typeof QuestionOutcome>
