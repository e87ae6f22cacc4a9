import { type PointerEvent, useRef } from 'react'
import { useStore } from 'zustand'
import { compress, expand, type Gap, IDLE_LIMIT_MS } from '../stores/idle.ts'
import { type Replay, SPEEDS } from '../stores/replay.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { formatClock, formatDuration } from '../words/format.ts'

/** The transport: everything here is a command too. */
export function ReplayBar({ replay }: { replay: Replay }) {
  const { isPlaying, speed, isIdleCut } = useStore(replay.transport)
  const playheadMs = useView((view) => Math.floor(view.playheadMs / 100) * 100)
  const durationMs = useView((view) => view.durationMs)
  return (
    <div className="replay-bar" role="toolbar" aria-label="Replay" data-testid="replay-bar">
      <Button
        look="quiet"
        icon="back"
        aria-label="Previous marker ( [ )"
        onClick={() => replay.marker(-1)}
        data-testid="replay-previous"
      />
      <Button
        icon={isPlaying ? 'pause' : 'replay'}
        aria-label={isPlaying ? 'Pause (Space)' : 'Play (Space)'}
        onClick={replay.toggle}
        data-testid="replay-toggle"
        data-playing={isPlaying}
      />
      <Button
        look="quiet"
        icon="forward"
        aria-label="Next marker ( ] )"
        onClick={() => replay.marker(1)}
        data-testid="replay-next"
      />
      <span className="replay-clock num" data-testid="replay-clock">
        {formatClock(playheadMs)} <span className="faint">/ {formatClock(durationMs)}</span>
      </span>
      <Scrubber replay={replay} />
      <label className="row small">
        <span className="visually-hidden">Speed</span>
        <select
          className="input select"
          value={speed}
          onChange={(event) => {
            const wanted = SPEEDS.find((item) => String(item) === event.target.value)
            if (wanted) replay.transport.setState({ speed: wanted })
          }}
          data-testid="replay-speed"
        >
          {SPEEDS.map((item) => (
            <option key={item} value={item}>
              {item}×
            </option>
          ))}
        </select>
      </label>
      <label className="check compact small" title="Silences are cut to two seconds">
        <input
          type="checkbox"
          checked={isIdleCut}
          onChange={(event) => replay.cutIdle(event.target.checked)}
          data-testid="replay-idle"
        />
        <span className="replay-word">Cut idle</span>
      </label>
    </div>
  )
}

/** Time as it is watched: cut silences are torn edges, prompts and refusals are marks. */
function Scrubber({ replay }: { replay: Replay }) {
  const { gaps, isIdleCut } = useStore(replay.transport)
  const playheadMs = useView((view) => view.playheadMs)
  const durationMs = useView((view) => view.durationMs)
  const markers = useView((view) => view.tracks.markers)
  const track = useRef<HTMLDivElement>(null)
  const cut = isIdleCut ? gaps : []
  const total = Math.max(1, compress(durationMs, cut, IDLE_LIMIT_MS))
  const share = (atMs: number): string =>
    `${((compress(atMs, cut, IDLE_LIMIT_MS) / total) * 100).toFixed(3)}%`
  const seekTo = (event: PointerEvent): void => {
    const box = track.current!.getBoundingClientRect()
    const at = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width))
    replay.seek(expand(at * total, cut, IDLE_LIMIT_MS))
  }
  return (
    <div
      ref={track}
      className="scrubber"
      role="slider"
      aria-label="Position"
      aria-valuemin={0}
      aria-valuemax={Math.round(durationMs)}
      aria-valuenow={Math.round(playheadMs)}
      aria-valuetext={formatClock(playheadMs)}
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        seekTo(event)
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seekTo(event)
      }}
      data-testid="replay-scrubber"
    >
      <div className="scrubber-line">
        <div className="scrubber-done" style={{ width: share(playheadMs) }} />
      </div>
      {markers.map(({ atMs, label }, index) => (
        <span key={index} className="scrubber-marker" style={{ left: share(atMs) }} title={label} />
      ))}
      {cut.filter(isWorthATear).map((gap) => (
        <svg
          key={gap.fromMs}
          className="scrubber-tear"
          viewBox="0 0 6 16"
          style={{ left: share(gap.fromMs + IDLE_LIMIT_MS) }}
          data-testid="replay-tear"
        >
          <title>{formatDuration(gap.toMs - gap.fromMs - IDLE_LIMIT_MS)} of silence cut</title>
          <path className="tear-fill" d="M2 0l2 3-3 3 3 3-3 3 2 4h3V0z" />
          <path className="tear-edge" d="M2 0l2 3-3 3 3 3-3 3 2 4" />
        </svg>
      ))}
      <span className="scrubber-knob" style={{ left: share(playheadMs) }} />
    </div>
  )
}

/** A shorter cut nobody would miss. */
const isWorthATear = (gap: Gap): boolean => gap.toMs - gap.fromMs >= IDLE_LIMIT_MS + 5000

export function ReplayRibbon({
  writtenAt,
  damage,
}: {
  writtenAt: string
  damage: readonly string[]
}) {
  return (
    <div className="ribbon" data-testid="replay-ribbon">
      <Icon name="recordings" />
      <b>Recording</b>
      <span className="dim">
        of {writtenAt}. As the program wrote it, nothing removed; what was typed is not recorded.
      </span>
      {damage.length > 0 && (
        <span className="chip warn" title={damage.join('\n')}>
          <Icon name="warning" />
          damaged, {damage.length === 1 ? 'one part' : `${damage.length} parts`}
        </span>
      )}
    </div>
  )
}
