import { useId, useState } from 'react'
import type { AgentChoice, AgentQuestion } from '../../shared/domain/agent-question.ts'
import { useConnection } from '../connection.ts'
import { answerQuestion } from '../stores/answer-question.ts'
import { usePrompts } from '../stores/prompts.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatCountdown, plural } from '../words/format.ts'
import { ProcessChain, PromptHead, type PromptHeadProps, useGrace, Who } from './prompt-parts.tsx'

interface QuestionCardProps
  extends Pick<PromptHeadProps, 'behind' | 'onMinimise' | 'onShowSession'> {
  readonly question: AgentQuestion
}

const WAY = 'Brought by the agent to the gateway of this sandbox.'

/**
 * One question of the agent's own. What it would run is shown whole and raw; its own description of
 * it is one member among the others. Nothing is answered in its first moments.
 */
export function QuestionCard({ question, ...head }: QuestionCardProps) {
  const [words, setWords] = useState('')
  const hasSettled = useGrace(question.id)
  const isAnswering = usePrompts((state) => state.answering.has(question.id))
  const isConnected = useConnection().type === 'connected'
  const titleId = useId()
  const { requester, sessionId } = question
  const mayAnswer = hasSettled && !isAnswering && isConnected
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
      <div className="question-input" data-testid="question-input">
        {question.input.map(({ name, value }) => (
          <Member key={name} name={name} value={value} />
        ))}
        <p className="small dim">
          in <AgentText text={question.folder} max={4096} bare />
        </p>
      </div>
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
            disabled={!mayAnswer}
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

/** More than this does not fit, and is scrolled to. */
const FITS_CHARS = 480
const FITS_LINES = 8

/** Line by line, so that each keeps its own; what hides in one is shown. Never cut. */
function Member({ name, value }: { name: string; value: string }) {
  const lines = value.split('\n')
  const isLong = lines.length > FITS_LINES || value.length > FITS_CHARS
  return (
    <div>
      <p className="small dim row">
        <AgentText text={name} max={200} bare />
        <span className="grow" />
        {isLong && (
          <span className="num" data-testid="question-long">
            {plural(lines.length, 'line')}, {plural(value.length, 'character')}: scroll to read all
          </span>
        )}
      </p>
      <div className="question-value" tabIndex={isLong ? 0 : -1}>
        {lines.map((line, index) => (
          <div key={index}>
            {line === '' ? '\u00a0' : <AgentText text={line} max={Infinity} bare />}
          </div>
        ))}
      </div>
    </div>
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
      here for {formatCountdown(leftMs)}
    </span>
  )
}
