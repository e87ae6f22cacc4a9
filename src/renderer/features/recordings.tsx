import { useEffect, useState } from 'react'
import { isLive } from '../../shared/domain/session.ts'
import type { RecordingSummary } from '../../shared/domain/timeline.ts'
import { useConnection } from '../connection.ts'
import { compareWith, endComparison, useComparison } from '../stores/comparison.ts'
import { openFile, useOpened } from '../stores/opened.ts'
import { useRecordingSearch } from '../stores/recording-search.ts'
import { refreshRecordings, useRecordings } from '../stores/recordings.ts'
import { goTo, setUi } from '../stores/ui.ts'
import { AxisStrip, LevelGlyph } from '../ui/badges.tsx'
import { Button } from '../ui/button.tsx'
import { FileButton } from '../ui/file-button.tsx'
import { Icon } from '../ui/icons.tsx'
import { List } from '../ui/list.tsx'
import { Empty, Failed, Loading } from '../ui/states.tsx'
import { formatBytes, formatDate, formatDuration, plural } from '../words/format.ts'
import { LEVEL_NAMES } from '../words/isolation.ts'
import { Comparison } from './comparison.tsx'
import { KeepButton } from './keep-recordings.tsx'
import { SearchField, SearchHits } from './recording-search.tsx'
import { wordsOfEnd } from '../words/outcomes.ts'

export function RecordingsPage() {
  const sides = useComparison((state) => state.sides)
  return sides ? <Comparison sides={sides} /> : <RecordingList />
}

function RecordingList() {
  const { status, recordings } = useRecordings()
  const problem = useOpened((state) => state.problem)
  const hits = useRecordingSearch((state) => state.hits)
  const connection = useConnection()
  const [selected, setSelected] = useState<string | null>(null)
  useEffect(() => {
    void refreshRecordings()
  }, [connection])
  return (
    <section className="page" aria-labelledby="recordings-title" data-testid="page-recordings">
      <header className="page-head with-actions">
        <div className="grow">
          <h1 id="recordings-title">Recordings</h1>
          <p className="dim">
            Every session records its terminal, processes, connections, files and answers.
          </p>
          {problem && (
            <p className="warn-text" role="alert" data-testid="open-problem">
              {problem}
            </p>
          )}
        </div>
        <KeepButton />
        <FileButton
          words="Open a file"
          label="Recording to open"
          accept=".cast,.html,.jsonl"
          onFile={(file) => void openFile(file)}
          testId="open-file"
        />
      </header>
      {status === 'loading' && <Loading what="recordings" rows={6} />}
      {status === 'failed' && (
        <Failed what="The recordings" retry={() => void refreshRecordings()} />
      )}
      {status === 'ready' && recordings.length === 0 && (
        <Empty icon="recordings" title="No recordings yet">
          The first session makes the first one.
        </Empty>
      )}
      {status === 'ready' && recordings.length > 0 && hits && (
        <div className="page-table">
          <SearchField />
          <SearchHits hits={hits} />
        </div>
      )}
      {status === 'ready' && recordings.length > 0 && !hits && (
        <div className="page-table">
          <SearchField />
          <Comparing />
          <div className="table-head small faint" aria-hidden="true">
            <span className="grow">Session</span>
            <span className="col-level">Isolation</span>
            <span className="col-when">Started</span>
            <span className="col-long">Length</span>
            <span className="col-size">Terminal</span>
            <span className="col-size">Events</span>
            <span className="col-actions" />
          </div>
          <List
            label="Recordings"
            items={recordings}
            keyOf={({ session }) => session.id}
            rowHeight={44}
            selected={selected}
            onSelect={({ session }) => setSelected(session.id)}
            onOpen={({ session }) => goTo('recordings', session.id)}
            render={(recording) => <RecordingRow recording={recording} />}
            testId="recording-rows"
          />
        </div>
      )}
    </section>
  )
}

/** The second of two is still to be chosen. */
function Comparing() {
  const { first, status } = useComparison()
  if (first === null) return null
  return (
    <p className="strip comparing" role="status" data-testid="comparing">
      <span className="grow">
        {status === 'loading' && 'Reading both recordings…'}
        {status === 'failed' && 'The recordings could not be read. Choose one again.'}
        {status === 'idle' && 'Choose the recording to compare it with.'}
      </span>
      <Button small onClick={endComparison}>
        Cancel
      </Button>
    </p>
  )
}

function RecordingRow({ recording }: { recording: RecordingSummary }) {
  const first = useComparison((state) => state.first)
  const { session, durationMs, terminalBytes, events, damage } = recording
  return (
    <div className="recording-row" data-testid="recording-row" data-session={session.id}>
      <span className="stack-tight grow">
        <span className="clip session-title">{session.title}</span>
        <span className="clip small faint">
          {session.agentName} · {wordsOfEnd(session)}
        </span>
      </span>
      {damage.length > 0 && (
        <span className="chip warn" title={damage.join('\n')}>
          <Icon name="warning" />
          {plural(damage.length, 'damaged part')}
        </span>
      )}
      <span className="col-level row" title={LEVEL_NAMES[session.spec.level]}>
        <LevelGlyph level={session.spec.level} />
        <AxisStrip axes={session.axes} />
      </span>
      <span className="col-when num">{formatDate(session.createdAtMs)}</span>
      <span className="col-long num">{formatDuration(durationMs)}</span>
      <span className="col-size num">{formatBytes(terminalBytes)}</span>
      <span className="col-size num">{events.toLocaleString('en')}</span>
      <span className="col-actions row">
        <Button
          small
          icon="replay"
          onClick={() => goTo('recordings', session.id)}
          data-testid="recording-replay"
        >
          Replay
        </Button>
        <Button
          small
          look={first === session.id ? 'primary' : 'quiet'}
          icon="compare"
          aria-label={first === null ? 'Compare with another' : 'Compare with this one'}
          aria-pressed={first === session.id}
          onClick={() => void compareWith(session.id)}
          data-testid="recording-compare"
        />
        <Button
          small
          look="quiet"
          icon="up"
          aria-label="Export recording"
          onClick={() => setUi({ exporting: session.id })}
          data-testid="recording-export"
        />
        <Button
          small
          look="quiet"
          icon="trash"
          aria-label="Remove session and recording"
          disabled={isLive(session)}
          onClick={() => setUi({ confirm: { kind: 'remove', id: session.id } })}
        />
      </span>
    </div>
  )
}
