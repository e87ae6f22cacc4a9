import type { SessionId } from '../../shared/domain/ids.ts'
import { isLive } from '../../shared/domain/session.ts'
import { controlProcesses } from '../stores/process-actions.ts'
import { removeSession, restartSession, stopSession } from '../stores/session-actions.ts'
import { useSessions } from '../stores/sessions.ts'
import { type Confirmation, useUi } from '../stores/ui.ts'
import { AgentText } from '../ui/text.tsx'
import { plural } from '../words/format.ts'
import { Ask } from './ask.tsx'
import { ChangeLimits } from './change-limits.tsx'
import { ConfirmCloseTerminal } from './confirm-close-terminal.tsx'
import { ConfirmOpenNetwork } from './network-switch.tsx'
import { ConfirmDiscardReview, ConfirmRemoveReview } from './confirm-review.tsx'
import { withArticle } from '../words/isolation.ts'
import { lostBy, reachedBy, RESTARTED_WORDS } from '../words/spec-changes.ts'

/** What cannot be taken back is asked about once, with Cancel as the default. */
export function ConfirmAction() {
  const confirm = useUi((state) => state.confirm)
  if (!confirm) return null
  switch (confirm.kind) {
    case 'stop':
      return <ConfirmStop id={confirm.id} />
    case 'remove':
      return <ConfirmRemove id={confirm.id} />
    case 'remove-review':
      return <ConfirmRemoveReview id={confirm.id} />
    case 'discard-review':
      return <ConfirmDiscardReview id={confirm.id} />
    case 'open-network':
      return <ConfirmOpenNetwork id={confirm.id} />
    case 'change':
      return <ConfirmChange {...confirm} />
    case 'limits':
      return <ChangeLimits id={confirm.id} />
    case 'close-terminal':
      return <ConfirmCloseTerminal {...confirm} />
    case 'stop-all':
      return <ConfirmStopAll />
    case 'control':
      return <ConfirmControl {...confirm} />
  }
}

function ConfirmStop({ id }: { id: SessionId }) {
  const session = useSessions((state) => state.byId.get(id))
  if (!session) return null
  return (
    <Ask
      title={`Stop “${session.title}”?`}
      confirm="Stop session"
      testId="confirm-stop"
      act={() => void stopSession(id)}
    >
      <p>
        Every process inside ends. Files in the workspace stay as they are, and the recording is
        kept.
      </p>
    </Ask>
  )
}

function ConfirmRemove({ id }: { id: SessionId }) {
  const session = useSessions((state) => state.byId.get(id))
  if (!session) return null
  return (
    <Ask
      title={`Remove “${session.title}”?`}
      confirm="Remove"
      testId="confirm-remove"
      act={() => void removeSession(id)}
    >
      <p>Its recording is deleted for good. Files in the workspace stay as they are.</p>
    </Ask>
  )
}

function ConfirmChange({ id, changes }: Extract<Confirmation, { kind: 'change' }>) {
  const session = useSessions((state) => state.byId.get(id))
  if (!session) return null
  const { level } = changes
  const lost = lostBy(session.spec, changes)
  const reached = reachedBy(session.spec, changes)
  return (
    <Ask
      title={
        level
          ? `Move “${session.title}” to ${withArticle(level)}?`
          : `Restart “${session.title}” with more?`
      }
      confirm={level ? 'Move' : 'Restart'}
      testId="confirm-change"
      act={() => void restartSession(id, changes)}
    >
      <p>{RESTARTED_WORDS}</p>
      {lost.length > 0 && <p>It is a weaker wall. This goes:</p>}
      <Points words={lost} />
      {reached.length > 0 && <p>This becomes reachable:</p>}
      <Points words={reached} />
    </Ask>
  )
}

const Points = ({ words }: { words: readonly string[] }) =>
  words.length === 0 ? null : (
    <ul className="more-list">
      {words.map((item) => (
        <li key={item}>{item}</li>
      ))}
    </ul>
  )

function ConfirmStopAll() {
  const byId = useSessions((state) => state.byId)
  const live = [...byId.values()].filter(isLive)
  return (
    <Ask
      title={`Stop ${live.length === 1 ? 'the session' : `all ${live.length} sessions`} that run?`}
      confirm="Stop all"
      testId="confirm-stop-all"
      act={() => void controlProcesses({ scope: { kind: 'everything' }, action: 'stop' })}
    >
      <p>
        Every process of every session is asked to end and killed if it does not. Files stay as they
        are, and the recordings are kept.
      </p>
      <ul className="more-list">
        {live.map(({ id, title }) => (
          <li key={id}>{title}</li>
        ))}
      </ul>
    </Ask>
  )
}

function ConfirmControl({ request, name, count }: Extract<Confirmation, { kind: 'control' }>) {
  const isKill = request.action === 'kill'
  const whom = count === 1 ? 'this process' : plural(count, 'process', 'processes')
  return (
    <Ask
      title={`${isKill ? 'Kill' : 'Stop'} ${whom}?`}
      confirm={isKill ? 'Kill' : 'Stop'}
      testId="confirm-control"
      act={() => void controlProcesses(request)}
    >
      <p>
        <AgentText text={name} max={64} />
        {count > 1 && ' and all that descends from it'}{' '}
        {isKill
          ? 'ends at once, without a chance to save anything.'
          : 'is asked to end, and killed if it does not within a few seconds.'}
      </p>
    </Ask>
  )
}
