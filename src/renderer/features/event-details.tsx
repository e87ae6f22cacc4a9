import { useEffect, useMemo, useState } from 'react'
import { useStore } from 'zustand'
import type { FileChange } from '../../shared/domain/file-changes.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { lineBefore } from '../stores/recorded-log.ts'
import { useActive } from '../stores/active.ts'
import { relatedTo } from '../stores/related.ts'
import type { Replay } from '../stores/replay.ts'
import { select, subjectOf } from '../stores/selection.ts'
import { setUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Tabs } from '../ui/choices.tsx'
import { AgentText } from '../ui/text.tsx'
import { wordsOfFact } from '../words/facts.ts'
import { formatClock, formatTime } from '../words/format.ts'
import { Writer } from './file-list.tsx'

/** Who changed it, and a way to what was changed. */
function ChangeDetails({ fact }: { fact: FileChange }) {
  return (
    <p className="row">
      <Writer writer={fact.writer} />
      <Button
        small
        icon="file"
        onClick={() => setUi({ file: fact.path })}
        data-testid="event-show-changes"
      >
        Show changes
      </Button>
    </p>
  )
}

/** One event: what it says, what it belongs to, and all of it as it was recorded. */
export function EventDetails({ event }: { event: TimelineEvent }) {
  const [tab, setTab] = useState<'words' | 'raw'>('words')
  return (
    <aside className="event-details" aria-label="Event" data-testid="event-details">
      <Tabs
        label="Event views"
        value={tab}
        onChange={setTab}
        testId="event-tab"
        tabs={[
          { value: 'words', label: 'Event' },
          { value: 'raw', label: 'Raw' },
        ]}
        end={
          <Button
            small
            look="quiet"
            icon="close"
            aria-label="Deselect"
            onClick={() => select(null, null)}
          />
        }
      />
      <div className="scroll event-body">
        {tab === 'words' ? (
          <>
            <p>{wordsOfFact(event.fact)}</p>
            {event.fact.type === 'file/changed' && !event.fact.isFolder && (
              <ChangeDetails fact={event.fact} />
            )}
            <dl className="facts">
              <dt>Number</dt>
              <dd className="num">{event.seq}</dd>
              <dt>At</dt>
              <dd className="num">
                {formatTime(event.atMs)} · {formatClock(event.monoMs)}
              </dd>
              <dt>Type</dt>
              <dd className="mono">{event.fact.type}</dd>
            </dl>
            <Related event={event} />
          </>
        ) : (
          <pre className="mono raw">
            {JSON.stringify(event.fact, null, 1)
              .split('\n')
              .map((line, index) => (
                <div key={index}>
                  <AgentText text={line} max={2000} bare />
                </div>
              ))}
          </pre>
        )}
      </div>
    </aside>
  )
}

/** Cause and effect: the process, what it asked for, the prompt, the decision, what came of it. */
function Related({ event }: { event: TimelineEvent }) {
  const events = useView((view) => view.events)
  const revision = useView((view) => view.revision)
  const replay = useActive((active) => active.replay)
  const related = useMemo(
    () => relatedTo(events.slice(0, revision), event),
    [events, revision, event],
  )
  return (
    <>
      {replay && <LineAbove replay={replay} monoMs={event.monoMs} />}
      {related.length > 0 && (
        <>
          <h3 className="small dim">Cause and effect</h3>
          <ol className="related" data-testid="related">
            {related.map((item) => (
              <li key={item.seq} aria-current={item.seq === event.seq ? 'true' : undefined}>
                <button
                  type="button"
                  onClick={() => {
                    select(subjectOf(item.fact), item.seq)
                    replay?.seek(item.monoMs)
                  }}
                >
                  <span className="num faint">{formatClock(item.monoMs)}</span>{' '}
                  {wordsOfFact(item.fact)}
                </button>
              </li>
            ))}
          </ol>
        </>
      )}
    </>
  )
}

/** What the terminal had written last. */
function LineAbove({ replay, monoMs }: { replay: Replay; monoMs: number }) {
  const log = useStore(replay.transport, (state) => state.log)
  const [line, setLine] = useState<string | null>(null)
  useEffect(() => {
    let isOver = false
    const show = (found: string | null): void => {
      if (!isOver) setLine(found)
    }
    if (log) lineBefore(log, monoMs).then(show, () => show(null))
    return () => {
      isOver = true
    }
  }, [log, monoMs])
  if (!line) return null
  return (
    <p className="small" data-testid="line-above">
      <span className="dim">In the terminal before it: </span>
      <AgentText text={line} max={200} />
    </p>
  )
}
