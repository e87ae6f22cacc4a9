import { createStore, type StoreApi } from 'zustand'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { emptyState, projectAll, type SessionState } from '../../shared/projection.ts'
import { advance, compress, expand, findGaps, type Gap, IDLE_LIMIT_MS, momentOf } from './idle.ts'
import type { RecordingSource } from './recording-source.ts'
import type { RecordedLog } from './recorded-log.ts'
import { createTrackBuilder } from './tracks.ts'
import { createViewStore, type ViewStore } from './view.ts'

export const SPEEDS = [0.5, 1, 2, 4, 8, 16] as const
export type Speed = (typeof SPEEDS)[number]

export interface Transport {
  readonly isPlaying: boolean
  readonly speed: Speed
  readonly isIdleCut: boolean
  readonly gaps: readonly Gap[]
  readonly log: RecordedLog | null
}

export interface Replay {
  readonly view: ViewStore
  readonly transport: StoreApi<Transport>
  play(): void
  pause(): void
  toggle(): void
  seek(atMs: number): void
  /** On the replay's clock, so five seconds are five watched seconds. */
  step(ms: number): void
  marker(direction: 1 | -1): void
  tenth(n: number): void
  faster(direction: 1 | -1): void
  cutIdle(isCut: boolean): void
  /** Loads the recording, unless it is loaded; gives up when the returned function is called. */
  start(): () => void
}

/** Events between two kept states, at least. */
const LEAST_EVENTS = 256
const MOST_STATES = 64
const LEAST_STATES = 8
/** Each state may hold as many entries as there were events before it; all together no more. */
const MOST_ENTRIES = 8_000_000

/** Events between two kept states of so many events. */
function stepOf(count: number): number {
  const states = Math.min(MOST_STATES, Math.max(LEAST_STATES, MOST_ENTRIES / Math.max(1, count)))
  return Math.max(LEAST_EVENTS, Math.ceil(count / states))
}

/** Plays a recording through the live reducers, or stands at `startAtMs` at first. */
export function createReplay(
  sessionId: SessionId,
  source: RecordingSource,
  startAtMs: number | null = null,
): Replay {
  const events: TimelineEvent[] = []
  const builder = createTrackBuilder()
  const view = createViewStore(sessionId, 'replay', source, events, builder.tracks)
  const transport = createStore<Transport>(() => ({
    isPlaying: false,
    speed: 1,
    isIdleCut: true,
    gaps: [],
    log: null,
  }))
  const states = createStateIndex(events)
  let lastFrame = 0

  const load = async (isGivenUp: () => boolean): Promise<void> => {
    try {
      const loaded = await source.events(isGivenUp)
      const log = await source.terminal(null)
      const markers = await source.markers(loaded[0]?.atMs ?? 0)
      if (isGivenUp() || view.getState().status === 'ready') return
      for (const event of loaded) {
        events.push(event)
        builder.add(event)
      }
      const { commands, active } = log.index
      builder.mark([...markers, ...commands])
      const durationMs = Math.max(builder.tracks.lastMs, log.index.durationMs)
      const moments = events.filter(isActivity).map(({ monoMs }) => momentOf(monoMs))
      const stretches = [...active, ...moments].sort((a, b) => a.fromMs - b.fromMs)
      const gaps = findGaps(stretches, durationMs, IDLE_LIMIT_MS)
      transport.setState({ log, gaps })
      // Walks through it once, so that no later step has to.
      states.at(durationMs)
      view.setState({ status: 'ready', durationMs, revision: events.length, state: states.at(0) })
      // Where a search led, it stands still to be read.
      if (startAtMs === null) play()
      else seek(startAtMs)
    } catch {
      if (!isGivenUp()) view.setState({ status: 'failed' })
    }
  }

  const limit = (): number => (transport.getState().isIdleCut ? IDLE_LIMIT_MS : Infinity)
  const gaps = (): readonly Gap[] =>
    transport.getState().isIdleCut ? transport.getState().gaps : []

  const seek = (atMs: number): void => {
    const { durationMs } = view.getState()
    const playheadMs = Math.min(Math.max(0, atMs), durationMs)
    view.setState({ playheadMs, state: states.at(playheadMs) })
  }
  const step = (ms: number): void => {
    const { playheadMs } = view.getState()
    seek(expand(Math.max(0, compress(playheadMs, gaps(), limit()) + ms), gaps(), limit()))
  }
  const frame = (nowMs: number): void => {
    const { isPlaying, speed } = transport.getState()
    if (!isPlaying) return
    const { playheadMs, durationMs } = view.getState()
    seek(advance(playheadMs, (nowMs - lastFrame) * speed, gaps(), limit()))
    lastFrame = nowMs
    if (view.getState().playheadMs >= durationMs) transport.setState({ isPlaying: false })
    else requestAnimationFrame(frame)
  }
  const play = (): void => {
    const { status, playheadMs, durationMs } = view.getState()
    if (status !== 'ready' || transport.getState().isPlaying) return
    if (playheadMs >= durationMs) seek(0)
    transport.setState({ isPlaying: true })
    lastFrame = performance.now()
    requestAnimationFrame(frame)
  }
  const pause = (): void => transport.setState({ isPlaying: false })

  return {
    view,
    transport,
    play,
    pause,
    toggle: () => (transport.getState().isPlaying ? pause() : play()),
    seek,
    step,
    marker: (direction) => {
      const { playheadMs } = view.getState()
      const { markers } = builder.tracks
      const next =
        direction > 0
          ? markers.find(({ atMs }) => atMs > playheadMs + 1)
          : markers.findLast(({ atMs }) => atMs < playheadMs - 500)
      if (next) seek(next.atMs)
    },
    tenth: (n) => seek((view.getState().durationMs * n) / 10),
    faster: (direction) => {
      const at = SPEEDS.indexOf(transport.getState().speed) + direction
      const speed = SPEEDS[Math.min(Math.max(0, at), SPEEDS.length - 1)]
      if (speed) transport.setState({ speed })
    },
    cutIdle: (isIdleCut) => transport.setState({ isIdleCut }),
    start: () => {
      let isOver = false
      if (view.getState().status !== 'ready') void load(() => isOver)
      return () => {
        isOver = true
        pause()
      }
    },
  }
}

/** Samples tick all the time; they are no sign of something worth watching. */
const isActivity = ({ fact }: TimelineEvent): boolean =>
  fact.type !== 'proc/sampled' && fact.type !== 'terminal/active'

/**
 * States by time: from the last asked one forwards, or from the nearest that was kept. A kept state
 * has maps of its own, so there are only so many however long a recording is.
 */
export function createStateIndex(events: readonly TimelineEvent[]): {
  at(monoMs: number): SessionState
} {
  const kept: SessionState[] = [emptyState]
  let current = { state: emptyState, applied: 0 }
  let step = 0
  return {
    at: (monoMs) => {
      // Loaded in the meantime: what was kept of less does not fit any more.
      if (step !== stepOf(events.length)) {
        step = stepOf(events.length)
        kept.length = 1
        current = { state: emptyState, applied: 0 }
      }
      const wanted = countUntil(events, monoMs)
      const index = Math.min(Math.floor(wanted / step), kept.length - 1)
      if (wanted < current.applied || index * step > current.applied)
        current = { state: kept[index] ?? emptyState, applied: index * step }
      let { state, applied } = current
      while (applied < wanted) {
        const until = Math.min(wanted, (Math.floor(applied / step) + 1) * step)
        state = projectAll(events.slice(applied, until), state)
        applied = until
        if (applied % step === 0) kept[applied / step] ??= state
      }
      current = { state, applied }
      return state
    },
  }
}

/** How many events happened up to and at `monoMs`. */
function countUntil(events: readonly TimelineEvent[], monoMs: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (events[middle]!.monoMs <= monoMs) low = middle + 1
    else high = middle
  }
  return low
}
