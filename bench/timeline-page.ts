// Runs in a page of its own: the timeline's canvas over a made-up session of so many events, and what a
// frame costs while it is moved, zoomed, played and pointed at.
import { flamePicture } from '../src/renderer/features/flame-picture.ts'
import {
  createTimelineController,
  type Picture,
} from '../src/renderer/features/timeline-controller.ts'
import { trackPicture } from '../src/renderer/features/track-picture.ts'
import { memorySource } from '../src/renderer/stores/recording-source.ts'
import { select } from '../src/renderer/stores/selection.ts'
import { createTrackBuilder } from '../src/renderer/stores/tracks.ts'
import { createViewStore } from '../src/renderer/stores/view.ts'
import { SessionId } from '../src/shared/domain/ids.ts'
import { processKey } from '../src/shared/domain/process.ts'
import type { Fact, TimelineEvent } from '../src/shared/domain/timeline.ts'

const DURATION_MS = 4 * 3_600_000
const FRAMES = 40
const LANES = 50

export interface TimelineRow {
  readonly name: string
  readonly medianMs: number
  readonly worstMs: number
}

const WRITTEN = { change: 'written', from: null, isFolder: false, writer: null } as const

/** Of every four a process starts and ends, a file changes, and the terminal is written to. */
function factOf(n: number): Fact {
  const index = n >> 2
  const key = processKey(index + 2, index)
  const absent = { kind: 'absent' } as const
  switch (n & 3) {
    case 0: {
      const node = {
        ...{ key, pid: index + 2, innerPid: null, parent: null, name: `cc1 ${index % LANES}` },
        ...{ argv: ['cc1'], exe: null, cwd: null, state: 'R', cpuPercent: 0, rssBytes: 1 },
        ...{ startedAtMs: index, endedAtMs: null, exit: null },
      }
      return { type: 'proc/started', node }
    }
    case 1:
      return { type: 'terminal/active', bytes: 500, totalBytes: n * 125 }
    case 2: {
      const path = `/work/src/${index}.o`
      return {
        type: 'file/changed',
        ...WRITTEN,
        path,
        before: absent,
        after: absent,
      }
    }
    default:
      return { type: 'proc/ended', key, exit: { kind: 'exited', code: index % 500 ? 0 : 1 } }
  }
}

const nextFrame = (): Promise<number> =>
  new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())))

async function measure(name: string, step: (n: number) => void): Promise<TimelineRow> {
  const costs: number[] = []
  for (let n = 0; n < FRAMES; n++) {
    const started = performance.now()
    // What `step` asks for is drawn between these two, in one frame.
    const begun = nextFrame()
    step(n)
    const handled = performance.now() - started
    costs.push(handled + (await nextFrame()) - (await begun))
  }
  costs.sort((a, b) => a - b)
  return { name, medianMs: costs[FRAMES >> 1] ?? NaN, worstMs: costs.at(-1) ?? NaN }
}

async function run(count: number): Promise<TimelineRow[]> {
  const events: TimelineEvent[] = []
  const builder = createTrackBuilder()
  const built = performance.now()
  for (let seq = 0; seq < count; seq++) {
    const monoMs = (seq / count) * DURATION_MS
    const event = { seq, atMs: monoMs, monoMs, fact: factOf(seq) }
    events.push(event)
    builder.add(event)
  }
  const builtMs = performance.now() - built
  const rows: TimelineRow[] = [{ name: 'all events taken in', medianMs: builtMs, worstMs: builtMs }]
  const source = memorySource([], new Map(), [])
  const sessionId = SessionId.parse('ses_0000000000000001')
  const view = createViewStore(sessionId, 'replay', source, events, builder.tracks)
  view.setState({ status: 'ready', durationMs: DURATION_MS, revision: count })
  const pictures: [string, Picture][] = [
    ['tracks', trackPicture],
    ['processes', flamePicture],
  ]
  for (const [what, picture] of pictures) {
    const canvas = document.createElement('canvas')
    canvas.style.cssText = 'display:block;width:1400px;height:260px'
    document.body.replaceChildren(canvas)
    const timeline = createTimelineController(canvas, view, null, picture)
    await nextFrame()
    await nextFrame()
    const play = (n: number): void =>
      view.setState({ playheadMs: (n / FRAMES) * DURATION_MS, revision: count })
    const point = (n: number): void => {
      const at = { clientX: 200 + n * 25, clientY: 40 + ((n * 37) % 200), bubbles: true }
      canvas.dispatchEvent(new PointerEvent('pointermove', at))
    }
    rows.push(await measure(`${what}: played, all in view`, play))
    rows.push(await measure(`${what}: pointed at, all in view`, point))
    const { seq, subject } = builder.tracks.marks[builder.tracks.marks.length >> 1] ?? {}
    select(subject ?? null, seq ?? null)
    rows.push(await measure(`${what}: played, one selected`, play))
    rows.push(await measure(`${what}: zoomed in`, () => timeline.zoom(0.9)))
    rows.push(await measure(`${what}: moved, zoomed in`, (n) => timeline.pan(n < 20 ? 0.1 : -0.1)))
    rows.push(await measure(`${what}: zoomed out`, () => timeline.zoom(1 / 0.9)))
    select(null, null)
    timeline.dispose()
  }
  return rows
}

Object.assign(window, { runTimeline: run })
