import type { Session } from '../../shared/domain/session.ts'
import { groupSessions, severityOf, useSessions } from '../stores/sessions.ts'
import { goTo, setUi, useUi } from '../stores/ui.ts'
import { AxisStrip, LevelGlyph, StatusMark } from '../ui/badges.tsx'
import { Button } from '../ui/button.tsx'
import { List } from '../ui/list.tsx'
import { Loading, StaleNote } from '../ui/states.tsx'
import { LEVEL_NAMES } from '../words/isolation.ts'
import { STATUS_NAMES, wordsOfEnd } from '../words/outcomes.ts'

type Row = { readonly heading: string; readonly count: number } | Session

const isSession = (row: Row): row is Session => 'id' in row

/** Which run needs me, and how contained is each? */
export function SessionList() {
  const { status, byId, staleSinceMs } = useSessions()
  const route = useUi((state) => state.route)
  const density = useUi((state) => state.density)
  const { live, past } = groupSessions(byId)
  const rows: Row[] = []
  if (live.length > 0) rows.push({ heading: 'Running', count: live.length }, ...live)
  if (past.length > 0) rows.push({ heading: 'Ended', count: past.length }, ...past)
  const selected = route.page === 'sessions' ? route.id : null
  const rowHeight = density === 'compact' ? 28 : 44
  const open = (row: Row): void => {
    if (isSession(row)) goTo('sessions', row.id)
  }
  return (
    <nav className="sidebar" aria-label="Sessions" data-testid="session-list">
      <header className="pane-head">
        <h2>Sessions</h2>
        <StaleNote sinceMs={staleSinceMs} />
        <span className="grow" />
        <Button
          small
          look="quiet"
          icon="add"
          aria-label="New session"
          onClick={() => setUi({ overlay: 'new-session' })}
          data-testid="new-session-button"
        />
      </header>
      {status === 'loading' ? (
        <Loading what="sessions" />
      ) : rows.length === 0 ? (
        <p className="sidebar-empty dim">No sessions yet.</p>
      ) : (
        <List
          label="Sessions"
          items={rows}
          keyOf={(row) => (isSession(row) ? row.id : row.heading)}
          rowHeight={(row) => (isSession(row) ? rowHeight : 28)}
          selected={selected}
          onSelect={open}
          onOpen={(row) => {
            open(row)
            requestAnimationFrame(() =>
              document.querySelector<HTMLElement>('.xterm-helper-textarea')?.focus(),
            )
          }}
          render={(row) => (isSession(row) ? <SessionRow session={row} /> : <Heading {...row} />)}
          testId="session-rows"
        />
      )}
    </nav>
  )
}

function Heading({ heading, count }: { heading: string; count: number }) {
  return (
    <h3 className="list-heading">
      {heading} <span className="faint num">{count}</span>
    </h3>
  )
}

function SessionRow({ session }: { session: Session }) {
  const { id, title, agentName, status, pendingPrompts, spec, axes } = session
  const isPast = status === 'ended' || status === 'interrupted' || status === 'failed'
  return (
    <div
      className={isPast ? 'session-row past' : 'session-row'}
      data-testid="session-row"
      data-session={id}
      data-status={status}
    >
      <StatusMark session={session} />
      <span className="clip session-title">{title}</span>
      {pendingPrompts > 0 && (
        <span
          className="attention num"
          title={`${pendingPrompts} waiting for an answer`}
          data-testid="session-attention"
        >
          ?{pendingPrompts > 1 ? pendingPrompts : ''}
        </span>
      )}
      {severityOf(session) === 3 && (
        <span className="attention drift" title="The boundary is not what was asked for">
          !
        </span>
      )}
      <span className="session-badge" title={LEVEL_NAMES[spec.level]}>
        <LevelGlyph level={spec.level} />
        <AxisStrip axes={axes} />
      </span>
      <span className="clip session-meta">
        {agentName} · {status === 'ended' ? wordsOfEnd(session) : STATUS_NAMES[status]}
      </span>
    </div>
  )
}
