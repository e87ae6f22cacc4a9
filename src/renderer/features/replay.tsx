import { useCallback, useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { SessionId } from '../../shared/domain/ids.ts'
import { useConnection } from '../connection.ts'
import { activate } from '../stores/active.ts'
import { createReplay, type Replay } from '../stores/replay.ts'
import { hostSource } from '../stores/recording-source.ts'
import { forgetFolds } from '../stores/process-panel.ts'
import { select } from '../stores/selection.ts'
import { useSessions } from '../stores/sessions.ts'
import { setUi, useUi } from '../stores/ui.ts'
import { useView, ViewContext } from '../stores/view.ts'
import { Failed, Loading } from '../ui/states.tsx'
import { formatDate } from '../words/format.ts'
import { RecordedTerminal } from './recorded-terminal.tsx'
import { ReplayBar, ReplayRibbon } from './replay-bar.tsx'
import { RecordedTerminals } from './terminal-tabs.tsx'
import { WorkbenchLayout } from './workbench.tsx'

/** Show me again. One per recording: the caller gives it the id as key. */
export function ReplayPage({ id }: { id: SessionId }) {
  const [round, setRound] = useState(0)
  return <OneReplay key={round} id={id} retry={() => setRound(round + 1)} />
}

function OneReplay({ id, retry }: { id: SessionId; retry: () => void }) {
  const [replay] = useState(() => createReplay(id, hostSource(id), useUi.getState().startAtMs))
  useEffect(() => setUi({ startAtMs: null }), [])
  return <ReplayOf replay={replay} origin="host" retry={retry} />
}

interface ReplayOfProps {
  readonly replay: Replay
  /** Of a file of somebody else nothing is known but its terminal. */
  readonly origin: 'host' | 'own-file' | 'other-file'
  readonly retry?: () => void
}

/** A recording from anywhere. */
export function ReplayOf({ replay, origin, retry }: ReplayOfProps) {
  const isConnected = useConnection().type === 'connected'
  const canStart = isConnected || origin !== 'host'
  useEffect(() => {
    select(null, null)
    forgetFolds()
    const stops = [activate('replay', replay), activate('view', replay.view)]
    return () => {
      for (const stop of stops) stop()
    }
  }, [replay])
  useEffect(() => (canStart ? replay.start() : undefined), [replay, canStart])
  return (
    <ViewContext value={replay.view}>
      <ReplayWorkbench replay={replay} origin={origin} {...(retry ? { retry } : {})} />
    </ViewContext>
  )
}

function ReplayWorkbench({ replay, origin, retry }: ReplayOfProps) {
  const status = useView((view) => view.status)
  const sessionId = useView((view) => view.sessionId)
  const damage = useView((view) => view.state.damage)
  const projected = useView((view) => view.state.session)
  const listed = useSessions((state) => state.byId.get(sessionId))
  const log = useStore(replay.transport, (state) => state.log)
  const follow = useCallback(
    (show: (monoMs: number) => void) => {
      show(replay.view.getState().playheadMs)
      return replay.view.subscribe((view) => show(view.playheadMs))
    },
    [replay],
  )
  if (status === 'failed') return <Failed what="The recording" retry={retry ?? replay.play} />
  // As it was at the playhead, under the name it has now.
  const session = projected && { ...projected, title: listed?.title ?? projected.title }
  const isKnown = session !== null || origin === 'other-file'
  if (status === 'loading' || !isKnown || !log) return <Loading what="the recording" />
  return (
    <WorkbenchLayout
      session={session}
      mode={origin === 'host' ? 'replay' : 'file'}
      seek={replay.seek}
      ribbon={
        origin === 'host' &&
        session && <ReplayRibbon writtenAt={formatDate(session.createdAtMs)} damage={damage} />
      }
      transport={<ReplayBar replay={replay} />}
      center={
        origin !== 'other-file' ? (
          <RecordedTerminals session={sessionId} log={log} follow={follow} seek={replay.seek} />
        ) : (
          <RecordedTerminal log={log} follow={follow} seek={replay.seek} />
        )
      }
    />
  )
}
