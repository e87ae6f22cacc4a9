import type { AgentChoice } from '../../shared/domain/agent-question.ts'
import type { PromptId } from '../../shared/domain/ids.ts'
import { answering, usePrompts } from './prompts.ts'

/** Says that it was answered only when the agent has the answer; else why it was not. */
export const answerQuestion = (id: PromptId, choice: AgentChoice, words: string): Promise<void> =>
  answering(id, async ({ api }) => {
    const answered = await api.question.answer({ promptId: id, choice, words })
    usePrompts.setState({
      problem: answered.ok
        ? null
        : 'Too late: the agent no longer asks. It was answered in its terminal, or ended.',
    })
  })
