import { lastMarkIn } from './mark-blocks.ts'
import { type Mark, TRACKS, type Track, type Tracks } from '../stores/tracks.ts'

/** The stretch of the session's clock that is in view, in ms. */
export interface Range {
  readonly fromMs: number
  readonly toMs: number
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Lane {
  readonly track: Track
  readonly y: number
  readonly height: number
  readonly isPinned: boolean
}

export const AXIS_HEIGHT = 20
/** Room for the track's name. */
export const NAME_WIDTH = 92
const ROW_HEIGHT = 10
const LANE_PADDING = 5
const MIN_SPAN_MS = 50
/** Narrower spans are drawn this wide, so that they can be seen and hit. */
const MIN_WIDTH = 3

const ROWS: Readonly<Record<Track, number>> = {
  prompts: 1,
  terminal: 2,
  processes: 4,
  files: 1,
  network: 3,
  isolation: 1,
}

/** How much taller a pinned track is. */
const PINNED = 2

/** Tracks from the top, the pinned ones first; rows shrink together when the drawer is low. */
export function layoutLanes(height: number, pinned: readonly Track[]): Lane[] {
  const shown = TRACKS.toSorted((a, b) => Number(pinned.includes(b)) - Number(pinned.includes(a)))
  const rowsOf = (track: Track): number => ROWS[track] * (pinned.includes(track) ? PINNED : 1)
  const rows = TRACKS.reduce((sum, track) => sum + rowsOf(track), 0)
  const free = height - AXIS_HEIGHT - TRACKS.length * LANE_PADDING * 2
  const row = Math.max(4, Math.min(ROW_HEIGHT * 1.6, free / rows))
  let y = AXIS_HEIGHT
  return shown.map((track) => {
    const lane = {
      ...{ track, y, height: rowsOf(track) * row + LANE_PADDING * 2 },
      isPinned: pinned.includes(track),
    }
    y += lane.height
    return lane
  })
}

export const xOf = (atMs: number, range: Range, width: number): number =>
  NAME_WIDTH + ((atMs - range.fromMs) / (range.toMs - range.fromMs)) * (width - NAME_WIDTH)

export const msPerPixel = (range: Range, width: number): number =>
  (range.toMs - range.fromMs) / Math.max(1, width - NAME_WIDTH)

export const timeAt = (x: number, range: Range, width: number): number =>
  range.fromMs + ((x - NAME_WIDTH) / (width - NAME_WIDTH)) * (range.toMs - range.fromMs)

export function boxOf(mark: Mark, lane: Lane, range: Range, width: number, nowMs: number): Box {
  const rowHeight = (lane.height - LANE_PADDING * 2) / ROWS[lane.track]
  const x = xOf(mark.startMs, range, width)
  const end = xOf(mark.endMs ?? nowMs, range, width)
  return {
    x,
    y: lane.y + LANE_PADDING + mark.row * rowHeight + 0.5,
    width: Math.max(MIN_WIDTH, end - x),
    height: rowHeight - 1,
  }
}

export const isInRange = (mark: Mark, range: Range): boolean =>
  mark.startMs <= range.toMs && (mark.endMs ?? Infinity) >= range.fromMs

const laneAt = (lanes: readonly Lane[], y: number): Lane | undefined =>
  lanes.find((lane) => y >= lane.y && y < lane.y + lane.height)

/** The track whose name is under a point. */
export const nameAt = (
  lanes: readonly Lane[],
  { x, y }: { readonly x: number; readonly y: number },
): Track | null => (x < NAME_WIDTH ? (laneAt(lanes, y)?.track ?? null) : null)

/** The mark under a point; the one drawn last wins. */
export function hitTest(
  tracks: Tracks,
  lanes: readonly Lane[],
  point: { readonly x: number; readonly y: number },
  range: Range,
  width: number,
  nowMs: number,
): Mark | null {
  const lane = laneAt(lanes, point.y)
  if (!lane || point.x < NAME_WIDTH) return null
  const slackMs = timeAt(point.x + 2 + MIN_WIDTH, range, width) - timeAt(point.x, range, width)
  const atMs = timeAt(point.x, range, width)
  return lastMarkIn(tracks.marks, { fromMs: atMs - slackMs, toMs: atMs + slackMs }, (mark) => {
    if (mark.track !== lane.track || !isInRange(mark, range)) return false
    const box = boxOf(mark, lane, range, width, nowMs)
    const slack = 2
    return (
      point.x >= box.x - slack &&
      point.x <= box.x + box.width + slack &&
      point.y >= box.y - 1 &&
      point.y <= box.y + box.height + 1
    )
  })
}

/** Zooms around a moment; never past the session, never closer than is useful. */
export function zoomRange(
  range: Range,
  factor: number,
  aroundMs: number,
  durationMs: number,
): Range {
  const span = Math.min(Math.max(MIN_SPAN_MS, (range.toMs - range.fromMs) * factor), durationMs)
  const share = (aroundMs - range.fromMs) / (range.toMs - range.fromMs)
  return clampRange(
    { fromMs: aroundMs - span * share, toMs: aroundMs + span * (1 - share) },
    durationMs,
  )
}

export function panRange(range: Range, byMs: number, durationMs: number): Range {
  return clampRange({ fromMs: range.fromMs + byMs, toMs: range.toMs + byMs }, durationMs)
}

function clampRange({ fromMs, toMs }: Range, durationMs: number): Range {
  const span = Math.min(toMs - fromMs, durationMs)
  const from = Math.min(Math.max(0, fromMs), durationMs - span)
  return { fromMs: from, toMs: from + span }
}

const STEPS = [
  50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000,
  3_600_000, 7_200_000, 21_600_000, 86_400_000,
]

/** Round moments for the axis, at least `minGap` pixels apart. */
export function axisTicks(
  range: Range,
  width: number,
  minGap = 72,
): { atMs: number; stepMs: number }[] {
  const perPixel = msPerPixel(range, width)
  const stepMs = STEPS.find((step) => step / perPixel >= minGap) ?? STEPS.at(-1)!
  const ticks = []
  for (let atMs = Math.ceil(range.fromMs / stepMs) * stepMs; atMs <= range.toMs; atMs += stepMs)
    ticks.push({ atMs, stepMs })
  return ticks
}

/** Counts per track inside an area, for the person who dragged it. */
export function countInArea(tracks: Tracks, range: Range): { track: Track; count: number }[] {
  return TRACKS.map((track) => ({
    track,
    count:
      track === 'terminal'
        ? tracks.activity.filter(({ atMs }) => atMs >= range.fromMs && atMs <= range.toMs).length
        : tracks.marks.filter((mark) => mark.track === track && isInRange(mark, range)).length,
  })).filter(({ count }) => count > 0)
}
