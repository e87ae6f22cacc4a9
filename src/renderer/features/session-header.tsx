import { useState } from 'react'
import { isLive, type Session } from '../../shared/domain/session.ts'
import { renameSession, restartSession } from '../stores/session-actions.ts'
import { goTo, setUi, useUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { AxisStrip, LevelBadge, StatusMark } from '../ui/badges.tsx'
import { Button } from '../ui/button.tsx'
import { StaleNote } from '../ui/states.tsx'
import { Path } from '../ui/text.tsx'
import { FreezeButton } from './freeze-switch.tsx'
import { OpenNetworkChip } from './network-switch.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatDuration } from '../words/format.ts'
import { STATUS_NAMES, wordsOfEnd } from '../words/outcomes.ts'

/** One line: which session, how contained, how it stands, what can be done. */
export function SessionHeader({
  session,
  mode,
}: {
  session: Session
  mode: 'live' | 'replay' | 'file'
}) {
  const isReplay = mode !== 'live'
  const staleSinceMs = useView((view) => view.staleSinceMs)
  const { isInspectorOpen, isDrawerOpen } = useUi()
  const alive = isLive(session)
  return (
    <header className="session-head" data-testid="session-header">
      {mode === 'file' ? (
        <h1 className="session-name clip">{session.title}</h1>
      ) : (
        <Title session={session} />
      )}
      <LevelBadge level={session.spec.level} />
      <AxisStrip axes={session.axes} />
      <span className="session-state" data-testid="session-status" data-status={session.status}>
        <StatusMark session={session} />
        <Status session={session} isReplay={isReplay} />
      </span>
      <span className="grow session-path">
        <Path path={session.spec.workspace} />
      </span>
      {!isReplay && <OpenNetworkChip session={session} />}
      <StaleNote sinceMs={staleSinceMs} />
      {mode === 'replay' && (
        <>
          <Button
            small
            icon="up"
            onClick={() => setUi({ exporting: session.id })}
            data-testid="session-export"
          >
            Export
          </Button>
          <Button small onClick={() => goTo('sessions', session.id)} data-testid="open-session">
            Open session
          </Button>
        </>
      )}
      {!isReplay && session.review === 'open' && (
        <Button
          small
          icon="file"
          onClick={() =>
            setUi({ inspectorTab: 'files', filesPart: 'review', isInspectorOpen: true })
          }
          data-testid="session-review"
        >
          Review
        </Button>
      )}
      {!isReplay && alive && <FreezeButton session={session} />}
      {!isReplay && alive && (
        <Button
          small
          icon="stop"
          disabled={session.status === 'stopping'}
          onClick={() => setUi({ confirm: { kind: 'stop', id: session.id } })}
          data-testid="session-stop"
        >
          Stop
        </Button>
      )}
      {!isReplay && !alive && (
        <>
          <Button
            small
            icon="replay"
            onClick={() => goTo('recordings', session.id)}
            data-testid="session-replay"
          >
            Replay
          </Button>
          <Button
            small
            icon="restart"
            onClick={() => void restartSession(session.id)}
            data-testid="session-restart"
          >
            Restart
          </Button>
          <Button
            small
            look="quiet"
            icon="trash"
            aria-label="Remove session and recording"
            onClick={() => setUi({ confirm: { kind: 'remove', id: session.id } })}
            data-testid="session-remove"
          />
        </>
      )}
      <Button
        small
        look="quiet"
        icon="drawer"
        aria-label="Timeline"
        aria-pressed={isDrawerOpen}
        onClick={() => setUi({ isDrawerOpen: !isDrawerOpen })}
        data-testid="toggle-timeline"
      />
      <Button
        small
        look="quiet"
        icon="inspector"
        aria-label="Inspector"
        aria-pressed={isInspectorOpen}
        onClick={() => setUi({ isInspectorOpen: !isInspectorOpen })}
        data-testid="toggle-inspector"
        data-after-terminal
      />
    </header>
  )
}

function Status({ session, isReplay }: { session: Session; isReplay: boolean }) {
  const clock = useNow(isLive(session) && !isReplay)
  const isFrozen = useView((view) => view.state.frozen !== null)
  const playheadMs = useView((view) => Math.floor(view.playheadMs / 1000) * 1000)
  const now = isReplay ? session.createdAtMs + playheadMs : clock
  if (!isLive(session)) return <span className="clip">{wordsOfEnd(session)}</span>
  return (
    <span className="num">
      {isFrozen ? 'frozen' : STATUS_NAMES[session.status].toLowerCase()}{' '}
      {session.startedAtMs !== null && formatDuration(now - session.startedAtMs)}
    </span>
  )
}

function Title({ session }: { session: Session }) {
  const [draft, setDraft] = useState<string | null>(null)
  const save = (): void => {
    const title = draft?.trim()
    if (title && title !== session.title) void renameSession(session.id, title)
    setDraft(null)
  }
  if (draft !== null)
    return (
      <input
        className="input title-input"
        aria-label="Title"
        autoFocus
        maxLength={120}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === 'Enter') save()
          if (event.key === 'Escape') setDraft(null)
        }}
        data-testid="session-title-input"
      />
    )
  return (
    <h1 className="session-name">
      <button
        type="button"
        className="clip"
        title="Rename"
        onClick={() => setDraft(session.title)}
        data-testid="session-title"
      >
        {session.title}
      </button>
    </h1>
  )
}
