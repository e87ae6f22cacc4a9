import { type ReactNode, useCallback, useEffect, useState } from 'react'
import type { SessionId } from '../../shared/domain/ids.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import { activate } from '../stores/active.ts'
import { forgetFolds } from '../stores/process-panel.ts'
import { select } from '../stores/selection.ts'
import { restartSession, useActions } from '../stores/session-actions.ts'
import { useSessions } from '../stores/sessions.ts'
import { openRecordedLog, type RecordedLog } from '../stores/recorded-log.ts'
import { createLiveView } from '../stores/timeline.ts'
import { goTo, setUi, useUi } from '../stores/ui.ts'
import { useView, ViewContext } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { SplitHandle } from '../ui/split.tsx'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { DriftBanner } from './drift-banner.tsx'
import { FileDiff } from './file-diff.tsx'
import { FailureNotice } from './failure-notice.tsx'
import { Inspector } from './inspector.tsx'
import { OtherRuns } from './other-runs.tsx'
import { SessionHeader } from './session-header.tsx'
import { LiveTerminals, RecordedTerminals } from './terminal-tabs.tsx'
import { Timeline } from './timeline.tsx'

interface LayoutProps {
  /** null: a recording that knows of none, only of a terminal. */
  readonly session: Session | null
  /** `file`: a replay that belongs to no session of this host. */
  readonly mode: 'live' | 'replay' | 'file'
  readonly center: ReactNode
  readonly seek: ((atMs: number) => void) | null
  readonly ribbon?: ReactNode
  readonly transport?: ReactNode
}

/** Terminal, inspector and timeline of one session: the same for a live one and a replay. */
export function WorkbenchLayout({ session, mode, center, seek, ribbon, transport }: LayoutProps) {
  const { isInspectorOpen, isDrawerOpen, drawerHeight, inspectorWidth } = useUi()
  return (
    <div className="workbench" data-testid="workbench" data-session={session?.id}>
      {ribbon}
      {session && <SessionHeader session={session} mode={mode} />}
      <DriftBanner />
      <div className="workbench-body">
        <div className="workbench-main">
          <div className="workbench-center">{center}</div>
          {transport}
          {isDrawerOpen && (
            <>
              <SplitHandle
                label="Height of the timeline"
                direction="horizontal"
                size={drawerHeight}
                min={140}
                max={480}
                onSize={(height) => setUi({ drawerHeight: height })}
              />
              <div className="drawer-slot" style={{ height: drawerHeight }}>
                <Timeline seek={seek} />
              </div>
            </>
          )}
        </div>
        {session && isInspectorOpen && (
          <>
            <SplitHandle
              label="Width of the inspector"
              direction="vertical"
              size={inspectorWidth}
              min={300}
              max={560}
              onSize={(width) => setUi({ inspectorWidth: width })}
            />
            <div className="inspector-slot" style={{ width: inspectorWidth }}>
              <Inspector />
            </div>
          </>
        )}
      </div>
      <FileDiff />
    </div>
  )
}

/** What is it doing now, inside what? One per session: the caller gives it the id as key. */
export function Workbench({ id }: { id: SessionId }) {
  const [view] = useState(() => createLiveView(id))
  const isKnown = useSessions((state) => state.byId.has(id))
  const status = useSessions((state) => state.status)
  useEffect(() => {
    select(null, null)
    forgetFolds()
    const stops = [activate('view', view.store), view.follow()]
    return () => {
      for (const stop of stops) stop()
    }
  }, [view])
  if (status === 'ready' && !isKnown)
    return (
      <Empty
        icon="info"
        title="This session no longer exists"
        action={<Button onClick={() => goTo('sessions')}>All sessions</Button>}
      >
        It was removed, with its recording.
      </Empty>
    )
  return (
    <ViewContext value={view.store}>
      <LiveWorkbench id={id} />
    </ViewContext>
  )
}

function LiveWorkbench({ id }: { id: SessionId }) {
  const projected = useView((view) => view.state.session)
  // The list knows a rename or an end at once; the events follow.
  const listed = useSessions((state) => state.byId.get(id))
  const session = listed ?? projected
  if (!session) return <Loading what="the session" />
  return (
    <WorkbenchLayout
      session={session}
      mode="live"
      seek={null}
      center={<Center session={session} />}
    />
  )
}

function Center({ session }: { session: Session }) {
  const failed = useActions((state) => (state.failed?.id === session.id ? state.failed : null))
  const canShow = session.status !== 'failed'
  return (
    <>
      <OtherRuns session={session} />
      {failed && (
        <div className="center-notice">
          <FailureNotice failure={failed.failure} />
        </div>
      )}
      {!canShow && (
        <div className="center-notice stack" data-testid="session-failed">
          {session.failure && <FailureNotice failure={session.failure} />}
          <div className="row">
            <Button icon="restart" onClick={() => void restartSession(session.id)}>
              Try again
            </Button>
            <Button onClick={() => goTo('doctor')}>Open Doctor</Button>
          </div>
        </div>
      )}
      {canShow && isLive(session) && <LiveTerminals session={session} />}
      {canShow && !isLive(session) && <EndedTerminal key={session.id} id={session.id} />}
    </>
  )
}

/** The recording at its end: the last screen with everything above it. */
function EndedTerminal({ id }: { id: SessionId }) {
  const [log, setLog] = useState<RecordedLog | 'failed' | null>(null)
  const [round, setRound] = useState(0)
  const hasOthers = useView((view) => view.state.terminals.length > 0)
  useEffect(() => {
    let isGone = false
    openRecordedLog(id)
      .then((loaded) => !isGone && setLog(loaded))
      .catch(() => !isGone && setLog('failed'))
    return () => {
      isGone = true
    }
  }, [id, round])
  const atEnd = useCallback((show: (monoMs: number) => void) => {
    show(Infinity)
    return () => undefined
  }, [])
  if (log === null) return <Loading what="the recording" />
  if (log === 'failed')
    return (
      <Failed
        what="The recording"
        retry={() => {
          setLog(null)
          setRound(round + 1)
        }}
      />
    )
  if (log.index.records === 0 && !hasOthers)
    return <Empty icon="terminal" title="It wrote nothing to its terminal" />
  return <RecordedTerminals session={id} log={log} follow={atEnd} />
}
