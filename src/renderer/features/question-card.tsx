import { useId, useState } from 'react'
import type { AgentChoice, AgentQuestion } from '../../shared/domain/agent-question.ts'
import { answerQuestion } from '../stores/answer-question.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatCountdown } from '../words/format.ts'
import { isClipped, QuestionInput } from './question-input.tsx'
import {
  ProcessChain,
  PromptHead,
  type PromptHeadProps,
  useMayAnswer,
  Who,
} from './prompt-parts.tsx'

interface QuestionCardProps
  extends Pick<PromptHeadProps, 'behind' | 'onMinimise' | 'onShowSession'> {
  readonly question: AgentQuestion
}

const WAY = 'Brought by the agent to the gateway of this sandbox.'

/**
 * One question of the agent's own. What it would run is shown raw, and allowed only once all of it was
 * shown; its own description of it is one member among the others. Nothing is answered in its first
 * moments.
 */
export function QuestionCard({ question, ...head }: QuestionCardProps) {
  const [words, setWords] = useState('')
  const [showsAll, setShowsAll] = useState(false)
  const mayAnswer = useMayAnswer(question.id)
  const titleId = useId()
  const { requester, sessionId } = question
  const isPart = !showsAll && isClipped(question.input)
  const answer = (choice: AgentChoice): void => {
    if (mayAnswer) void answerQuestion(question.id, choice, choice === 'deny' ? words : '')
  }

  return (
    <article
      className="prompt-card"
      aria-labelledby={titleId}
      data-testid="question-card"
      data-prompt={question.id}
    >
      <PromptHead
        {...head}
        sessionId={sessionId}
        countdown={<Countdown expiresAtMs={question.expiresAtMs} />}
      />
      <h2 id={titleId} className="prompt-question">
        <Who requester={requester} /> asks to use <AgentText text={question.tool} max={200} />
      </h2>
      <QuestionInput input={question.input} showsAll={!isPart} />
      <p className="question-size small dim">
        in <AgentText text={question.folder} max={4096} bare />
      </p>
      {isPart && (
        <div className="question-size">
          <Button small onClick={() => setShowsAll(true)} data-testid="question-show-all">
            Show all of it, to allow it
          </Button>
        </div>
      )}
      <p className="question-note" role="note">
        <Icon name="info" />
        <span>
          The agent’s own question. Whatever you answer, the boundary stays as it is: what the tool
          may reach does not change.
        </span>
      </p>
      <ProcessChain requester={requester} sessionId={sessionId} way={WAY} />
      <footer className="prompt-foot">
        <input
          className="input"
          value={words}
          maxLength={1000}
          placeholder="With Deny, tell the agent why (optional)"
          aria-label="With Deny, tell the agent why"
          onChange={(event) => setWords(event.target.value)}
          data-testid="question-words"
        />
        <div className="prompt-buttons">
          <Button
            look="quiet"
            disabled={!mayAnswer}
            title="The agent’s own prompt waits in its terminal"
            onClick={() => answer('leave')}
            data-testid="question-leave"
          >
            Answer in the terminal
          </Button>
          <Button
            className="prompt-deny"
            icon="deny"
            disabled={!mayAnswer}
            onClick={() => answer('deny')}
            data-testid="question-deny"
            data-prompt-default
          >
            Deny
          </Button>
          <Button
            icon="check"
            disabled={!mayAnswer || isPart}
            onClick={() => answer('allow')}
            data-testid="question-allow"
          >
            Allow
          </Button>
        </div>
      </footer>
    </article>
  )
}

function Countdown({ expiresAtMs }: { expiresAtMs: number }) {
  const leftMs = expiresAtMs - useNow()
  return (
    <span
      className="countdown num"
      data-testid="question-countdown"
      title="Then only the agent’s own prompt in its terminal is left"
    >
      to the terminal in {formatCountdown(leftMs)}
    </span>
  )
}
