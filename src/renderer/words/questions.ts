import type { AgentQuestion, QuestionOutcome } from '../../shared/domain/agent-question.ts'
import { revealText } from './reveal.ts'

/** The tool and what it would be given first, in one line. */
export function wordsOfTool({ tool, input }: AgentQuestion): string {
  const [first] = input
  const given = first ? `: ${revealText(first.value, 200)}` : ''
  return `${revealText(tool, 60)}${given}`
}

export function wordsOfOutcome(question: AgentQuestion, outcome: QuestionOutcome): string {
  const tool = wordsOfTool(question)
  if (outcome.kind === 'person') {
    if (outcome.choice === 'allow') return `The agent was allowed to use ${tool}`
    if (outcome.choice === 'leave') return `Left to the agent’s terminal: ${tool}`
    const words = outcome.words ? `, with “${revealText(outcome.words, 200)}”` : ''
    return `The agent was denied ${tool}${words}`
  }
  switch (outcome.why) {
    case 'hung-up':
      return `The agent asks no longer: ${tool}`
    case 'session-ended':
      return `Not answered before the session ended: ${tool}`
    case 'timeout':
      return `Not answered in time, and left to the agent’s terminal: ${tool}`
  }
}

export const isDenied = (outcome: QuestionOutcome): boolean =>
  outcome.kind === 'person' && outcome.choice === 'deny'
