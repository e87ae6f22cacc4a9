import { useEffect, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { activate } from '../stores/active.ts'
import { colourOf, useHighlights } from '../stores/highlights.ts'
import { select, subjectOf, useSelection } from '../stores/selection.ts'
import type { Track } from '../stores/tracks.ts'
import { setUi } from '../stores/ui.ts'
import { useView, useViewStore } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Tabs } from '../ui/choices.tsx'
import { FilterBar } from '../ui/filter-bar.tsx'
import { List } from '../ui/list.tsx'
import { AgentText } from '../ui/text.tsx'
import { wordsOfFact } from '../words/facts.ts'
import { formatClock } from '../words/format.ts'
import { EventDetails } from './event-details.tsx'
import { flamePicture } from './flame-picture.ts'
import {
  createTimelineController,
  type Picture,
  type TimelineController,
} from './timeline-controller.ts'
import { countInArea } from './timeline-layout.ts'
import { HighlightButtons } from './highlight-rules.tsx'
import { trackPicture } from './track-picture.ts'

type Tab = 'tracks' | 'flame' | 'events'

/** When, and because of what? */
export function Timeline({ seek }: { seek: ((atMs: number) => void) | null }) {
  const [tab, setTab] = useState<Tab>('tracks')
  const seq = useSelection((state) => state.seq)
  const events = useView((view) => view.events)
  const event = seq === null ? undefined : events.find((item) => item.seq === seq)
  return (
    <section className="drawer" aria-label="Timeline" data-testid="timeline">
      <Tabs
        label="Timeline views"
        value={tab}
        onChange={setTab}
        testId="timeline-tab"
        tabs={[
          { value: 'tracks', label: 'Timeline' },
          { value: 'flame', label: 'Processes' },
          { value: 'events', label: 'Events' },
        ]}
        end={
          <Button
            small
            look="quiet"
            icon="close"
            aria-label="Close timeline"
            onClick={() => setUi({ isDrawerOpen: false })}
          />
        }
      />
      <div className="drawer-body">
        {tab === 'events' ? <EventList /> : <TimeCanvas key={tab} seek={seek} {...CANVASES[tab]} />}
        {event && <EventDetails event={event} />}
      </div>
    </section>
  )
}

interface CanvasKind {
  readonly picture: Picture
  readonly label: string
  readonly testId: string
}

const CANVASES: Readonly<Record<Exclude<Tab, 'events'>, CanvasKind>> = {
  tracks: {
    picture: trackPicture,
    label: 'Tracks of the session over time. The Events tab has the same as a list.',
    testId: 'timeline-canvas',
  },
  flame: {
    picture: flamePicture,
    label: 'Processes over time, each below the one that started it. The inspector has the tree.',
    testId: 'flame-canvas',
  },
}

function TimeCanvas({
  seek,
  picture,
  label,
  testId,
}: CanvasKind & { seek: ((atMs: number) => void) | null }) {
  const view = useViewStore()
  const canvas = useRef<HTMLCanvasElement>(null)
  const [controller, setController] = useState<TimelineController | null>(null)
  useEffect(() => {
    const created = createTimelineController(canvas.current!, view, seek, picture)
    setController(created)
    const deactivate = activate('timeline', created)
    return () => {
      deactivate()
      created.dispose()
    }
  }, [view, seek, picture])
  return (
    <div className="track-canvas">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={label}
        data-keys="timeline"
        data-testid={testId}
      />
      {controller && <CanvasNote controller={controller} />}
    </div>
  )
}

const TRACK_NAMES: Readonly<Record<Track, string>> = {
  prompts: 'prompts',
  terminal: 'bursts of output',
  processes: 'processes',
  files: 'changes of files',
  network: 'connections',
  isolation: 'isolation reports',
}

function CanvasNote({ controller }: { controller: TimelineController }) {
  const { hovered, area } = useStore(controller.ui)
  const tracks = useView((view) => view.tracks)
  if (area)
    return (
      <p className="canvas-note num">
        {formatClock(area.toMs - area.fromMs)}
        {countInArea(tracks, area).map(({ track, count }) => (
          <span key={track}>
            {' · '}
            {count} {TRACK_NAMES[track]}
          </span>
        ))}
      </p>
    )
  if (!hovered) return null
  return (
    <p className="canvas-note num">
      <AgentText text={hovered.label} max={80} bare /> · {formatClock(hovered.startMs)}
    </p>
  )
}

/** Sample ticks and bursts of output say nothing one by one. */
const isQuiet = ({ fact }: TimelineEvent): boolean =>
  fact.type === 'proc/sampled' || fact.type === 'terminal/active'

function EventList() {
  const revision = useView((view) => view.revision)
  const events = useView((view) => view.events)
  const playheadMs = useView((view) => (view.mode === 'replay' ? view.playheadMs : Infinity))
  const [filter, setFilter] = useState('')
  const seq = useSelection((state) => state.seq)
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase()
    return events
      .slice(0, revision)
      .filter(
        (event) =>
          !isQuiet(event) &&
          (wanted === '' ||
            event.fact.type.includes(wanted) ||
            wordsOfFact(event.fact).toLowerCase().includes(wanted)),
      )
  }, [events, revision, filter])
  const { isOn, rules } = useHighlights()
  const classOf = (event: TimelineEvent): string => {
    const colour = isOn ? colourOf(event, rules) : null
    const future = event.monoMs > playheadMs ? ' future' : ''
    return `event-row${future}${colour ? ` hl-${colour}` : ''}`
  }
  return (
    <div className="event-list">
      <FilterBar
        label="Filter events"
        value={filter}
        onChange={setFilter}
        testId="event-filter"
        count={`${shown.length} ${filter && 'filtered'}`}
        end={
          <>
            <span className="grow" />
            <HighlightButtons />
          </>
        }
      />
      <List
        label="Events"
        items={shown}
        keyOf={(event) => String(event.seq)}
        rowHeight={24}
        selected={seq === null ? null : String(seq)}
        onSelect={(event) => select(subjectOf(event.fact), event.seq)}
        render={(event) => (
          <div className={classOf(event)}>
            <span className="num faint event-time">{formatClock(event.monoMs)}</span>
            <span className="mono faint event-type">{event.fact.type}</span>
            <span className="clip">{wordsOfFact(event.fact)}</span>
          </div>
        )}
        testId="event-rows"
        stickToEnd
      />
    </div>
  )
}
