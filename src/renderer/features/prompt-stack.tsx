import { useState } from 'react'
import type { PromptId } from '../../shared/domain/ids.ts'
import {
  askedIn,
  dismissProblem,
  inOrder,
  setMinimised,
  type RecentAllow,
  undoAllow,
  usePrompts,
  type Waiting,
} from '../stores/prompts.ts'
import { useSessions } from '../stores/sessions.ts'
import { goTo, useUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { plural } from '../words/format.ts'
import { LIFETIME_NAMES } from '../words/outcomes.ts'
import { PromptCard } from './prompt-card.tsx'
import type { PromptHeadProps } from './prompt-parts.tsx'
import { QuestionCard } from './question-card.tsx'

/**
 * The oldest prompt, hanging from the edge of the main column, where no terminal can draw. It
 * stays the same one until it is settled, whatever comes behind it.
 */
export function PromptStack() {
  const pending = usePrompts((state) => state.pending)
  const questions = usePrompts((state) => state.questions)
  const waiting = inOrder({ pending, questions })
  const isMinimised = usePrompts((state) => state.isMinimised)
  const recentAllow = usePrompts((state) => state.recentAllow)
  const problem = usePrompts((state) => state.problem)
  const { route, isInspectorOpen, inspectorWidth } = useUi()
  const isOverWorkbench = route.id !== null
  const shown = useSteady(waiting)
  if (route.page === 'prompts') return <Announcer waiting={waiting} />
  return (
    <div
      className={isOverWorkbench ? 'prompt-stack over-workbench' : 'prompt-stack'}
      style={{
        right:
          isOverWorkbench && isInspectorOpen ? `min(${inspectorWidth}px, var(--inspector-max))` : 0,
      }}
      data-testid="prompt-stack"
    >
      <Announcer waiting={waiting} />
      {shown && !isMinimised && (
        <Card
          key={askedIn(shown).id}
          waiting={shown}
          behind={waiting.length - 1}
          onMinimise={() => setMinimised(true)}
          {...(route.page === 'sessions' && route.id === askedIn(shown).sessionId
            ? {}
            : { onShowSession: () => goTo('sessions', askedIn(shown).sessionId) })}
        />
      )}
      {shown && isMinimised && (
        <button
          type="button"
          className="prompt-chip"
          onClick={() => setMinimised(false)}
          data-testid="prompt-restore"
        >
          <Icon name="ask" />
          {plural(waiting.length, 'prompt')} waiting
        </button>
      )}
      {recentAllow && <UndoStrip recentAllow={recentAllow} />}
      {problem && (
        <div className="strip" role="alert" data-testid="prompt-problem">
          <Icon name="warning" />
          <span className="grow">{problem}</span>
          <Button small look="quiet" icon="close" aria-label="Dismiss" onClick={dismissProblem} />
        </div>
      )}
    </div>
  )
}

const Card = ({
  waiting,
  ...head
}: { waiting: Waiting } & Pick<PromptHeadProps, 'behind' | 'onMinimise' | 'onShowSession'>) =>
  waiting.kind === 'request' ? (
    <PromptCard request={waiting.request} {...head} />
  ) : (
    <QuestionCard question={waiting.question} {...head} />
  )

function useSteady(all: readonly Waiting[]): Waiting | null {
  const [id, setId] = useState<PromptId | null>(null)
  const shown = all.find((waiting) => askedIn(waiting).id === id) ?? all[0] ?? null
  const shownId = shown && askedIn(shown).id
  if (shownId !== id) setId(shownId)
  return shown
}

function UndoStrip({ recentAllow }: { recentAllow: RecentAllow }) {
  const { request, scope } = recentAllow
  return (
    <div className="strip" role="status" data-testid="prompt-undo-strip">
      <Icon name="check" />
      <span className="grow clip">
        Allowed <b className="mono">{scope.host ?? request.destination.host}</b>,{' '}
        {LIFETIME_NAMES[scope.lifetime].toLowerCase()}
      </span>
      {scope.lifetime !== 'once' && (
        <Button small onClick={() => void undoAllow()} data-testid="prompt-undo">
          Undo and revoke
        </Button>
      )}
    </div>
  )
}

/** Says a new prompt aloud, in our own words only. */
function Announcer({ waiting }: { waiting: readonly Waiting[] }) {
  const newest = waiting.at(-1)
  const title = useSessions((state) => newest && state.byId.get(askedIn(newest).sessionId)?.title)
  const wants =
    newest?.kind === 'request'
      ? `wants to connect to ${newest.request.destination.host} port ${newest.request.destination.port}`
      : 'asks whether its agent may use a tool'
  return (
    <div
      className="visually-hidden"
      role="status"
      aria-live="polite"
      data-testid="prompt-live-region"
    >
      {newest &&
        `${plural(waiting.length, 'prompt')} waiting. ${title ?? 'A session'} ${wants}. Press Control Shift A to answer.`}
    </div>
  )
}
