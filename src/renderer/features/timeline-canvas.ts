import { isSame, type Subject } from '../stores/selection.ts'
import type { ProcessKey, ProcessNode, ProcessRole } from '../../shared/domain/process.ts'
import type { Mark, Tone, Track, Tracks } from '../stores/tracks.ts'
import { formatDuration } from '../words/format.ts'
import { isCrowdable, visibleMarks } from './mark-blocks.ts'
import {
  AXIS_HEIGHT,
  axisTicks,
  type Box,
  boxOf,
  isInRange,
  type Lane,
  layoutLanes,
  msPerPixel,
  NAME_WIDTH,
  type Range,
  xOf,
} from './timeline-layout.ts'

export type Palette = Readonly<
  Record<
    | 'background'
    | 'line'
    | 'text'
    | 'faint'
    | 'selected'
    | 'playhead'
    | 'area'
    | 'activity'
    | 'plainEnded'
    | Tone
    | ProcessRole,
    string
  >
>

export interface Scene {
  readonly tracks: Tracks
  /** Those known at the playhead. */
  readonly processes: ReadonlyMap<ProcessKey, ProcessNode>
  readonly range: Range
  /** Pixels that are scrolled out above. */
  readonly scrollY: number
  readonly width: number
  readonly height: number
  /** Right edge of what is not over. */
  readonly nowMs: number
  /** null: live, where now is the right edge. */
  readonly playheadMs: number | null
  readonly selected: { readonly subject: Subject | null; readonly seq: number | null }
  readonly hovered: Mark | null
  readonly area: Range | null
  readonly pinned: readonly Track[]
  readonly palette: Palette
  readonly font: string
}

const NAMES: Readonly<Record<Track, string>> = {
  prompts: 'Prompts',
  terminal: 'Terminal',
  processes: 'Processes',
  files: 'Files',
  network: 'Network',
  isolation: 'Isolation',
}

/**
 * Everything that stays while only the playhead, the pointer or the selection moves. Pure but for the
 * canvas: the same scene gives the same picture.
 */
export function drawTracks(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, palette } = scene
  const lanes = layoutLanes(height, scene.pinned)
  context.fillStyle = palette.background
  context.fillRect(0, 0, width, height)
  prepare(context, scene)
  drawAxis(context, scene)
  inTracks(context, scene, () => {
    for (const lane of lanes) if (lane.track === 'terminal') drawActivity(context, scene, lane)
    drawMarks(context, scene, lanes)
  })
  drawNames(context, scene, lanes)
}

/** What is pointed at, selected or dragged over, and the moment that is shown. */
export function drawOverTracks(context: CanvasRenderingContext2D, scene: Scene): void {
  const { range, width, nowMs, hovered } = scene
  const lanes = layoutLanes(scene.height, scene.pinned)
  prepare(context, scene)
  inTracks(context, scene, () => {
    for (const mark of [...chosenOf(scene), ...(hovered ? [hovered] : [])]) {
      if (!isInRange(mark, range)) continue
      const lane = lanes.find(({ track }) => track === mark.track)
      if (lane) drawMark(context, scene, mark, boxOf(mark, lane, range, width, nowMs))
    }
    if (scene.area) drawArea(context, scene, scene.area)
  })
  if (scene.playheadMs !== null) drawPlayhead(context, scene, scene.playheadMs)
}

function prepare(context: CanvasRenderingContext2D, scene: Scene): void {
  context.font = scene.font
  context.textBaseline = 'middle'
}

function inTracks(context: CanvasRenderingContext2D, scene: Scene, draw: () => void): void {
  context.save()
  context.beginPath()
  context.rect(NAME_WIDTH, AXIS_HEIGHT, scene.width - NAME_WIDTH, scene.height - AXIS_HEIGHT)
  context.clip()
  draw()
  context.restore()
}

function drawMarks(context: CanvasRenderingContext2D, scene: Scene, lanes: readonly Lane[]): void {
  const { range, width, nowMs } = scene
  const laneOf = new Map(lanes.map((lane) => [lane.track, lane]))
  const isCrowded = crowdTest(scene)
  for (const mark of visibleMarks(scene.tracks.marks, range, msPerPixel(range, width))) {
    const lane = laneOf.get(mark.track)!
    const right = xOf(mark.endMs ?? nowMs, range, width)
    if (!isCrowded(mark, lane.y + mark.row / 16, right))
      drawMark(context, scene, mark, boxOf(mark, lane, range, width, nowMs))
  }
}

export function drawAxis(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, palette, range } = scene
  context.strokeStyle = palette.line
  context.fillStyle = palette.faint
  context.textAlign = 'left'
  context.lineWidth = 1
  context.beginPath()
  for (const { atMs, stepMs } of axisTicks(range, width)) {
    const x = Math.round(xOf(atMs, range, width)) + 0.5
    context.moveTo(x, AXIS_HEIGHT - 4)
    context.lineTo(x, height)
    const label = stepMs < 1000 ? `${(atMs / 1000).toFixed(2)}s` : formatDuration(atMs)
    if (x + context.measureText(label).width < width - 4)
      context.fillText(label, x + 4, AXIS_HEIGHT / 2)
  }
  context.moveTo(0, AXIS_HEIGHT + 0.5)
  context.lineTo(width, AXIS_HEIGHT + 0.5)
  context.stroke()
}

function drawNames(context: CanvasRenderingContext2D, scene: Scene, lanes: readonly Lane[]): void {
  const { palette, width } = scene
  context.fillStyle = palette.background
  context.fillRect(0, AXIS_HEIGHT + 1, NAME_WIDTH, scene.height)
  context.strokeStyle = palette.line
  context.textAlign = 'left'
  context.beginPath()
  for (const lane of lanes) {
    context.fillStyle = palette.text
    context.fillText(NAMES[lane.track], 12, lane.y + lane.height / 2)
    if (lane.isPinned) {
      context.fillStyle = palette.playhead
      context.fillRect(0, lane.y + 2, 3, lane.height - 4)
    }
    const y = Math.round(lane.y + lane.height) + 0.5
    context.moveTo(0, y)
    context.lineTo(width, y)
  }
  context.moveTo(NAME_WIDTH - 0.5, AXIS_HEIGHT)
  context.lineTo(NAME_WIDTH - 0.5, scene.height)
  context.stroke()
}

/** One bar per two pixels; height grows with the logarithm, so a keystroke still shows. */
function drawActivity(context: CanvasRenderingContext2D, scene: Scene, lane: Lane): void {
  const { range, width, palette, tracks } = scene
  const bars = new Float64Array(Math.ceil(width / 2) + 1)
  for (let at = firstFrom(tracks.activity, range.fromMs); at < tracks.activity.length; at++) {
    const { atMs, bytes } = tracks.activity[at]!
    if (atMs > range.toMs) break
    bars[Math.floor(xOf(atMs, range, width) / 2)]! += bytes
  }
  context.fillStyle = palette.activity
  const base = lane.y + lane.height - 4
  for (const [bar, bytes] of bars.entries()) {
    if (bytes === 0) continue
    const x = bar * 2
    const share = Math.min(1, Math.log10(1 + bytes) / 6)
    const tall = Math.max(2, share * (lane.height - 8))
    context.fillRect(x, base - tall, 2, tall)
  }
}

/** How many came before a moment; they stand in the order of their time. */
function firstFrom(moments: Tracks['activity'], fromMs: number): number {
  let low = 0
  let high = moments.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (moments[middle]!.atMs < fromMs) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Thousands of short lives in one pixel look like one: only the first of them is drawn, so that a
 * picture costs what is seen and not what happened. What is marked out is always drawn. `row`: a
 * number of each row of the picture; `right`: the pixel at which the mark ends.
 */
export function crowdTest(scene: Scene): (mark: Mark, row: number, right: number) => boolean {
  const rightEdge = new Map<number, number>()
  return (mark, row, right) => {
    const isHidden =
      right < (rightEdge.get(row) ?? -Infinity) + 1 &&
      isCrowdable(mark) &&
      scene.hovered !== mark &&
      !isChosen(scene, mark)
    if (!isHidden) rightEdge.set(row, right)
    return isHidden
  }
}

/** Looked for once, until another is chosen or there are more. */
let lastChosen: {
  readonly marks: readonly Mark[]
  readonly count: number
  readonly selected: Scene['selected']
  readonly chosen: readonly Mark[]
} | null = null

function chosenOf(scene: Scene): readonly Mark[] {
  const { marks } = scene.tracks
  const { selected } = scene
  const isKnown =
    lastChosen?.marks === marks &&
    lastChosen.count === marks.length &&
    lastChosen.selected.seq === selected.seq &&
    lastChosen.selected.subject === selected.subject
  if (!isKnown) {
    const isNothing = selected.seq === null && selected.subject === null
    const chosen = isNothing ? [] : marks.filter((mark) => isChosen(scene, mark))
    lastChosen = { marks, count: marks.length, selected, chosen }
  }
  return lastChosen?.chosen ?? []
}

const isChosen = ({ selected }: Scene, mark: Mark): boolean =>
  selected.seq === mark.seq || isSame(selected.subject, mark.subject)

export function drawMark(
  context: CanvasRenderingContext2D,
  scene: Scene,
  mark: Mark,
  box: Box,
  fill = fillOf(mark, scene.palette),
): void {
  const { palette } = scene
  const isSelected = isChosen(scene, mark)
  context.fillStyle = fill
  context.beginPath()
  context.roundRect(box.x, box.y, box.width, box.height, 2)
  context.fill()
  if (mark.tone === 'deny') hatch(context, box, palette.background)
  if (mark.tone === 'failed') hatch(context, box, palette.failed)
  if (isSelected || scene.hovered === mark) {
    context.strokeStyle = isSelected ? palette.selected : palette.text
    context.lineWidth = isSelected ? 2 : 1
    context.stroke()
    context.lineWidth = 1
  }
  drawLabel(context, mark, box, palette, scene.width)
}

function fillOf(mark: Mark, palette: Palette): string {
  if (mark.tone === 'plain') return mark.endMs === null ? palette.plain : palette.plainEnded
  if (mark.tone === 'failed') return palette.plainEnded
  return palette[mark.tone satisfies Tone]
}

/** Refused things are hatched, so that colour is not the only sign. */
function hatch(context: CanvasRenderingContext2D, box: Box, colour: string): void {
  context.save()
  context.clip()
  context.strokeStyle = colour
  context.lineWidth = 1
  context.beginPath()
  for (let x = box.x - box.height; x < box.x + box.width; x += 4) {
    context.moveTo(x, box.y + box.height)
    context.lineTo(x + box.height, box.y)
  }
  context.stroke()
  context.restore()
  context.beginPath()
  context.roundRect(box.x, box.y, box.width, box.height, 2)
}

function drawLabel(
  context: CanvasRenderingContext2D,
  mark: Mark,
  box: Box,
  palette: Palette,
  width: number,
): void {
  const left = Math.max(box.x, NAME_WIDTH)
  const room = Math.min(box.x + box.width, width) - left - 8
  if (box.height < 9 || room < 24 || mark.tone === 'deny') return
  const label = clip(context, mark.label, room)
  if (!label) return
  context.fillStyle =
    mark.tone === 'plain' || mark.tone === 'failed' ? palette.text : palette.background
  context.textAlign = 'left'
  context.fillText(label, left + 4, box.y + box.height / 2 + 0.5)
}

function clip(context: CanvasRenderingContext2D, text: string, room: number): string {
  // Control and direction characters must not reach the canvas either.
  const shown = text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '·').slice(0, 80)
  if (context.measureText(shown).width <= room) return shown
  for (let length = shown.length - 1; length > 2; length--) {
    const shorter = `${shown.slice(0, length)}…`
    if (context.measureText(shorter).width <= room) return shorter
  }
  return ''
}

export function drawArea(context: CanvasRenderingContext2D, scene: Scene, area: Range): void {
  const from = xOf(area.fromMs, scene.range, scene.width)
  const to = xOf(area.toMs, scene.range, scene.width)
  context.fillStyle = scene.palette.area
  context.fillRect(from, AXIS_HEIGHT, to - from, scene.height)
}

export function drawPlayhead(context: CanvasRenderingContext2D, scene: Scene, atMs: number): void {
  const { range, width, height, palette } = scene
  if (atMs < range.fromMs || atMs > range.toMs) return
  const x = Math.round(xOf(atMs, range, width)) + 0.5
  context.strokeStyle = palette.playhead
  context.fillStyle = palette.playhead
  context.beginPath()
  context.moveTo(x, 6)
  context.lineTo(x, height)
  context.stroke()
  context.beginPath()
  context.moveTo(x - 5, 4)
  context.lineTo(x + 5, 4)
  context.lineTo(x, 11)
  context.fill()
}
