import type { Mark, Tracks } from '../stores/tracks.ts'
import { visibleMarks } from './mark-blocks.ts'
import {
  crowdTest,
  drawArea,
  drawAxis,
  drawMark,
  drawPlayhead,
  type Scene,
} from './timeline-canvas.ts'
import type { Picture } from './timeline-controller.ts'
import { AXIS_HEIGHT, type Box, isInRange, msPerPixel, NAME_WIDTH, xOf } from './timeline-layout.ts'

const ROW_HEIGHT = 16
const PADDING = 4
const MIN_WIDTH = 2

const rowTop = (row: number, scrollY: number): number =>
  AXIS_HEIGHT + PADDING + row * ROW_HEIGHT - scrollY

const processMarks = ({ marks }: Tracks): Mark[] =>
  marks.filter((mark) => mark.track === 'processes')

function boxOf(mark: Mark, row: number, scene: Scene): Box {
  const x = xOf(mark.startMs, scene.range, scene.width)
  const end = xOf(mark.endMs ?? scene.nowMs, scene.range, scene.width)
  return {
    ...{ x, y: rowTop(row, scene.scrollY) },
    ...{ width: Math.max(MIN_WIDTH, end - x), height: ROW_HEIGHT - 1 },
  }
}

function* inView(scene: Scene): Generator<readonly [mark: Mark, box: Box]> {
  const { flame } = scene.tracks
  const first = Math.max(0, Math.floor((scene.scrollY - PADDING) / ROW_HEIGHT))
  const last = Math.min(flame.length, first + Math.ceil(scene.height / ROW_HEIGHT) + 1)
  for (let row = first; row < last; row++) {
    const perPixel = msPerPixel(scene.range, scene.width)
    for (const mark of visibleMarks(flame[row]!, scene.range, perPixel))
      yield [mark, boxOf(mark, row, scene)]
  }
}

const nodeOf = ({ processes }: Scene, { subject }: Mark) =>
  subject?.kind === 'process' ? processes.get(subject.key) : undefined

function fillOf(scene: Scene, mark: Mark): string {
  const { palette, playheadMs } = scene
  // What a replay has not come to yet.
  if (playheadMs !== null && mark.startMs > playheadMs) return palette.line
  const role = nodeOf(scene, mark)?.role
  return role ? palette[role] : mark.endMs === null ? palette.plain : palette.plainEnded
}

function drawEdge(context: CanvasRenderingContext2D, { palette, tracks, height }: Scene): void {
  context.fillStyle = palette.background
  context.fillRect(0, AXIS_HEIGHT + 1, NAME_WIDTH, height)
  context.strokeStyle = palette.line
  context.beginPath()
  context.moveTo(NAME_WIDTH - 0.5, AXIS_HEIGHT)
  context.lineTo(NAME_WIDTH - 0.5, height)
  context.stroke()
  const count = tracks.flame.reduce((sum, row) => sum + row.length, 0)
  context.fillStyle = palette.text
  context.textAlign = 'left'
  context.fillText('Processes', 12, AXIS_HEIGHT + 14)
  context.fillStyle = palette.faint
  context.fillText(count.toLocaleString('en'), 12, AXIS_HEIGHT + 30)
}

/** Processes as spans over time, each below the one that started it. */
export const flamePicture: Picture = {
  draw: (context, scene) => {
    const { width, height, palette } = scene
    context.fillStyle = palette.background
    context.fillRect(0, 0, width, height)
    context.font = scene.font
    context.textBaseline = 'middle'
    context.save()
    context.beginPath()
    context.rect(NAME_WIDTH, AXIS_HEIGHT + 1, width - NAME_WIDTH, height - AXIS_HEIGHT)
    context.clip()
    const isCrowded = crowdTest(scene)
    for (const [mark, box] of inView(scene))
      if (!isCrowded(mark, box.y, box.x + box.width))
        drawMark(context, scene, mark, box, fillOf(scene, mark))
    if (scene.area) drawArea(context, scene, scene.area)
    context.restore()
    drawAxis(context, scene)
    drawEdge(context, scene)
    if (scene.playheadMs !== null) drawPlayhead(context, scene, scene.playheadMs)
  },
  name: () => null,
  hit: (scene, { x, y }) => {
    if (x < NAME_WIDTH || y < AXIS_HEIGHT) return null
    const slack = 2
    for (const [mark, box] of inView(scene))
      if (
        isInRange(mark, scene.range) &&
        y >= box.y &&
        y <= box.y + box.height &&
        x >= box.x - slack &&
        x <= box.x + box.width + slack
      )
        return mark
    return null
  },
  along: processMarks,
  height: ({ flame }) => AXIS_HEIGHT + PADDING * 2 + flame.length * ROW_HEIGHT,
}
