import type { SessionId } from '../../shared/domain/ids.ts'
import type { PermissionRequest } from '../../shared/domain/policy.ts'
import { denyAllOf, usePrompts } from '../stores/prompts.ts'
import { useSessions } from '../stores/sessions.ts'
import { goTo } from '../stores/ui.ts'
import { AxisStrip, LevelBadge } from '../ui/badges.tsx'
import { Button } from '../ui/button.tsx'
import { Empty, Loading } from '../ui/states.tsx'
import { plural } from '../words/format.ts'
import { PromptCard } from './prompt-card.tsx'

/** More than these of one session say the same thing; the rest waits behind them. */
const SHOWN_PER_SESSION = 5

/** Everything that waits for an answer, oldest first, by session. */
export function PromptInbox() {
  const status = usePrompts((state) => state.status)
  const pending = usePrompts((state) => state.pending)
  const groups = groupBySession(pending)
  return (
    <section className="page" aria-labelledby="inbox-title" data-testid="page-prompts">
      <header className="page-head">
        <h1 id="inbox-title">Prompts</h1>
        <p className="dim">Each stalls only the program that asks. Unanswered, it is denied.</p>
      </header>
      {status === 'loading' ? (
        <Loading what="prompts" />
      ) : groups.length === 0 ? (
        <Empty icon="check" title="Nothing waits for you">
          When a program inside a session wants to reach a host that no rule covers, the question
          appears here and over the session.
        </Empty>
      ) : (
        <div className="page-body scroll inbox">
          {groups.map(([id, requests]) => (
            <InboxGroup key={id} id={id} requests={requests} />
          ))}
        </div>
      )}
    </section>
  )
}

function groupBySession(
  pending: readonly PermissionRequest[],
): [SessionId, readonly PermissionRequest[]][] {
  const ids = [...new Set(pending.map((request) => request.sessionId))]
  return ids.map((id) => [id, pending.filter((request) => request.sessionId === id)])
}

function InboxGroup({ id, requests }: { id: SessionId; requests: readonly PermissionRequest[] }) {
  const session = useSessions((state) => state.byId.get(id))
  const rest = requests.length - SHOWN_PER_SESSION
  return (
    <section className="inbox-group" aria-label={session?.title ?? 'Session'}>
      <header className="row">
        <h2 className="clip">{session?.title ?? 'A session'}</h2>
        {session && (
          <>
            <LevelBadge level={session.spec.level} />
            <AxisStrip axes={session.axes} />
          </>
        )}
        <span className="grow" />
        <Button small look="quiet" onClick={() => goTo('sessions', id)}>
          Show session
        </Button>
        {requests.length > 1 && (
          <Button
            small
            look="danger"
            onClick={() => void denyAllOf(id)}
            data-testid="prompt-deny-all"
          >
            Deny all {requests.length}
          </Button>
        )}
      </header>
      {requests.slice(0, SHOWN_PER_SESSION).map((request) => (
        <PromptCard key={request.id} request={request} />
      ))}
      {rest > 0 && (
        <p className="dim small">{plural(rest, 'more prompt')} of this session behind these.</p>
      )}
    </section>
  )
}
