import type { AgentQuestion } from './domain/agent-question.ts'
import type { Decision, PermissionRequest } from './domain/policy.ts'
import type { Fact } from './domain/timeline.ts'

interface AnsweredPrompt {
  readonly request: PermissionRequest
  readonly decision: Decision
  readonly answeredAtMs: number
}

/** What a person is asked in one session, oldest first. */
export interface PromptsState {
  readonly pending: readonly PermissionRequest[]
  readonly answered: readonly AnsweredPrompt[]
  /** Of the agent itself, that wait. */
  readonly questions: readonly AgentQuestion[]
}

export type PromptFact = Extract<Fact, { type: `prompt/${string}` | `question/${string}` }>

/** Both kinds wait for the same person. */
export const countWaiting = ({
  pending,
  questions,
}: Pick<PromptsState, 'pending' | 'questions'>): number => pending.length + questions.length

export function applyToPrompts(state: PromptsState, fact: PromptFact, atMs: number): PromptsState {
  const { pending, answered, questions } = state
  switch (fact.type) {
    case 'prompt/raised':
      return { pending: [...pending, fact.request], answered, questions }
    case 'prompt/joined':
      return {
        pending: pending.map((request) =>
          request.id === fact.promptId
            ? { ...request, connections: [...request.connections, fact.connectionId] }
            : request,
        ),
        ...{ answered, questions },
      }
    case 'prompt/answered': {
      const request = pending.find((item) => item.id === fact.promptId)
      if (!request) return { pending, answered, questions }
      return {
        pending: pending.filter((item) => item !== request),
        answered: [...answered, { request, decision: fact.decision, answeredAtMs: atMs }],
        questions,
      }
    }
    case 'question/asked':
      return { pending, answered, questions: [...questions, fact.question] }
    case 'question/settled':
      return {
        ...{ pending, answered },
        questions: questions.filter(({ id }) => id !== fact.question.id),
      }
  }
}
