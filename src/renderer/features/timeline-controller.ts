import type { StoreApi } from 'zustand'
import { createStore } from 'zustand'
import type { TimelineControls } from '../stores/active.ts'
import { select, useSelection } from '../stores/selection.ts'
import type { Mark, Track, Tracks } from '../stores/tracks.ts'
import { togglePinned, useUi } from '../stores/ui.ts'
import type { ViewStore } from '../stores/view.ts'
import type { Palette, Scene } from './timeline-canvas.ts'
import { NAME_WIDTH, panRange, type Range, timeAt, zoomRange } from './timeline-layout.ts'

interface TimelineUi {
  readonly hovered: Mark | null
  readonly area: Range | null
}

/** What is drawn over the session's time, and what of it stands under a point. */
export interface Picture {
  /** What of it stays while only the playhead, the pointer or the selection moves; kept as pixels. */
  readonly still?: (context: CanvasRenderingContext2D, scene: Scene) => void
  draw(context: CanvasRenderingContext2D, scene: Scene): void
  hit(scene: Scene, point: { readonly x: number; readonly y: number }): Mark | null
  /** The track whose name stands there; null: none. */
  name(scene: Scene, point: { readonly x: number; readonly y: number }): Track | null
  /** Where next and previous lead from a mark; null: from none. */
  along(tracks: Tracks, mark: Mark | null): readonly Mark[]
  /** Pixels it needs from top to bottom; what does not fit is scrolled. */
  height(tracks: Tracks): number
}

export interface TimelineController extends TimelineControls {
  readonly ui: StoreApi<TimelineUi>
  dispose(): void
}

const MIN_DURATION_MS = 10_000
const DRAG_PIXELS = 4

/** Owns one canvas: what is in view, the pointer, and a redraw at most once per frame. */
export function createTimelineController(
  canvas: HTMLCanvasElement,
  view: ViewStore,
  seek: ((atMs: number) => void) | null,
  picture: Picture,
): TimelineController {
  const ui = createStore<TimelineUi>(() => ({ hovered: null, area: null }))
  /** null: everything, growing with the session. */
  let range: Range | null = null
  let drag: { x: number; fromMs: number } | null = null
  let scheduled = 0
  let scrollY = 0
  let palette = readPalette(canvas)

  const durationMs = (): number => Math.max(MIN_DURATION_MS, nowMs())
  const nowMs = (): number => {
    const { mode, state, durationMs: known } = view.getState()
    const { session } = state
    if (mode === 'replay') return known
    return session && session.endedAtMs === null
      ? Math.max(known, Date.now() - session.createdAtMs)
      : known
  }
  const shown = (): Range => range ?? { fromMs: 0, toMs: durationMs() * 1.02 }
  const size = () => ({ width: canvas.clientWidth, height: canvas.clientHeight })

  const scene = (): Scene => {
    const { mode, playheadMs, tracks, state } = view.getState()
    return {
      ...{ tracks, range: shown(), ...size(), nowMs: nowMs(), scrollY },
      processes: state.processes,
      playheadMs: mode === 'replay' ? playheadMs : null,
      selected: useSelection.getState(),
      ...ui.getState(),
      pinned: useUi.getState().pinnedTracks,
      palette,
      font: `11px ${getComputedStyle(canvas).fontFamily}`,
    }
  }
  /** The pixels of what stays, and of what they are. */
  const kept = { canvas: document.createElement('canvas'), key: '' }
  const stillOf = (
    now: Scene,
    ratio: number,
    paint: NonNullable<Picture['still']>,
  ): HTMLCanvasElement => {
    const { revision } = view.getState()
    const parts = [now.range.fromMs, now.range.toMs, now.width, now.height, now.nowMs, ratio]
    const key = [...parts, revision, ...now.pinned, now.palette.background, now.font].join()
    if (key === kept.key) return kept.canvas
    kept.key = key
    kept.canvas.width = canvas.width
    kept.canvas.height = canvas.height
    const context = kept.canvas.getContext('2d')
    context?.setTransform(ratio, 0, 0, ratio, 0, 0)
    const nothing = { hovered: null, selected: { subject: null, seq: null } }
    if (context) paint(context, { ...now, ...nothing })
    return kept.canvas
  }
  const draw = (): void => {
    scheduled = 0
    const { width, height } = size()
    const context = canvas.getContext('2d')
    if (!context || width === 0 || height === 0) return
    const ratio = window.devicePixelRatio
    if (
      canvas.width !== Math.round(width * ratio) ||
      canvas.height !== Math.round(height * ratio)
    ) {
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
    }
    const now = scene()
    if (picture.still) {
      context.setTransform(1, 0, 0, 1, 0, 0)
      context.drawImage(stillOf(now, ratio, picture.still), 0, 0)
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    picture.draw(context, now)
  }
  const request = (): void => {
    scheduled ||= requestAnimationFrame(draw)
  }
  const repaint = (): void => {
    palette = readPalette(canvas)
    request()
  }
  const set = (next: Range | null): void => {
    range = next
    request()
  }

  const pointOf = (event: MouseEvent) => ({ x: event.offsetX, y: event.offsetY })
  const markAt = (event: MouseEvent): Mark | null => picture.hit(scene(), pointOf(event))

  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return
    const name = picture.name(scene(), pointOf(event))
    if (name) togglePinned(name)
    if (event.offsetX < NAME_WIDTH) return
    canvas.setPointerCapture(event.pointerId)
    drag = { x: event.offsetX, fromMs: timeAt(event.offsetX, shown(), size().width) }
    ui.setState({ area: null })
  }
  const onMove = (event: PointerEvent): void => {
    if (drag && Math.abs(event.offsetX - drag.x) > DRAG_PIXELS) {
      const toMs = timeAt(event.offsetX, shown(), size().width)
      ui.setState({
        area: { fromMs: Math.min(drag.fromMs, toMs), toMs: Math.max(drag.fromMs, toMs) },
      })
    } else if (!drag) {
      canvas.style.cursor = picture.name(scene(), pointOf(event)) ? 'pointer' : ''
      const hovered = markAt(event)
      if (hovered !== ui.getState().hovered) ui.setState({ hovered })
    }
  }
  const onUp = (event: PointerEvent): void => {
    if (!drag) return
    const wasClick = ui.getState().area === null
    drag = null
    if (!wasClick) return
    const mark = markAt(event)
    if (mark) select(mark.subject, mark.seq)
    else if (seek) seek(timeAt(event.offsetX, shown(), size().width))
    else select(null, null)
  }
  const onLeave = (): void => ui.setState({ hovered: null })
  const onWheel = (event: WheelEvent): void => {
    const span = shown().toMs - shown().fromMs
    const sideways = event.shiftKey ? event.deltaY : event.deltaX
    if (event.ctrlKey || event.metaKey) {
      const around = timeAt(event.offsetX, shown(), size().width)
      set(zoomRange(shown(), Math.exp(event.deltaY / 300), around, durationMs() * 1.02))
    } else if (sideways !== 0) {
      set(panRange(shown(), (sideways / size().width) * span, durationMs() * 1.02))
    } else {
      const most = Math.max(0, picture.height(view.getState().tracks) - size().height)
      const next = Math.min(Math.max(0, scrollY + event.deltaY), most)
      if (next === scrollY) return
      scrollY = next
      request()
    }
    event.preventDefault()
  }

  canvas.addEventListener('pointerdown', onDown)
  canvas.addEventListener('pointermove', onMove)
  canvas.addEventListener('pointerup', onUp)
  canvas.addEventListener('pointerleave', onLeave)
  canvas.addEventListener('wheel', onWheel, { passive: false })
  const resized = new ResizeObserver(request)
  resized.observe(canvas)
  const themed = new MutationObserver(repaint)
  themed.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  const scheme = window.matchMedia('(prefers-color-scheme: dark)')
  scheme.addEventListener('change', repaint)
  const stops = [
    view.subscribe(request),
    useSelection.subscribe(request),
    ui.subscribe(request),
    useUi.subscribe(request),
  ]
  const ticking = setInterval(() => {
    const { mode, state } = view.getState()
    if (mode === 'live' && state.session?.endedAtMs === null) request()
  }, 1000)

  const middle = (): number => (shown().fromMs + shown().toMs) / 2
  return {
    ui,
    zoom: (factor) => {
      const { mode, playheadMs } = view.getState()
      const around = mode === 'replay' ? playheadMs : middle()
      set(zoomRange(shown(), factor, around, durationMs() * 1.02))
    },
    pan: (share) =>
      set(panRange(shown(), share * (shown().toMs - shown().fromMs), durationMs() * 1.02)),
    /** First the selection, then everything. */
    fit: () => {
      const { seq } = useSelection.getState()
      const mark = view.getState().tracks.marks.find((item) => item.seq === seq)
      const isCentred = mark && range && Math.abs(middle() - mark.startMs) < 1
      if (!mark || isCentred) return set(null)
      const span = Math.max(1000, ((mark.endMs ?? nowMs()) - mark.startMs) * 3)
      set({ fromMs: mark.startMs - span / 2, toMs: mark.startMs + span / 2 })
    },
    next: (direction) => {
      const { tracks } = view.getState()
      const { seq } = useSelection.getState()
      const current = tracks.marks.find((mark) => mark.seq === seq) ?? null
      const along = picture.along(tracks, current)
      const at = current ? along.indexOf(current) + direction : direction > 0 ? 0 : along.length - 1
      const mark = along[at]
      if (mark) select(mark.subject, mark.seq)
    },
    dispose: () => {
      clearInterval(ticking)
      cancelAnimationFrame(scheduled)
      for (const stop of stops) stop()
      resized.disconnect()
      themed.disconnect()
      scheme.removeEventListener('change', repaint)
      canvas.removeEventListener('pointerdown', onDown)
      canvas.removeEventListener('pointermove', onMove)
      canvas.removeEventListener('pointerup', onUp)
      canvas.removeEventListener('pointerleave', onLeave)
      canvas.removeEventListener('wheel', onWheel)
    },
  }
}

const TOKENS: Readonly<Record<keyof Palette, string>> = {
  background: '--bg-panel',
  line: '--line',
  text: '--text-dim',
  faint: '--text-faint',
  selected: '--focus',
  playhead: '--accent-text',
  area: '--selection',
  activity: '--track-activity',
  plain: '--track-plain',
  plainEnded: '--track-ended',
  said: '--accent-text',
  written: '--track-written',
  removed: '--track-removed',
  ask: '--ask-solid',
  allow: '--track-allow',
  deny: '--violation',
  failed: '--violation',
  enforced: '--boundary-1',
  drift: '--ask-solid',
  agent: '--role-agent',
  'mcp-server': '--role-mcp-server',
  hook: '--role-hook',
  shell: '--role-shell',
  tool: '--role-tool',
  terminal: '--role-terminal',
}

/** Resolves light-dark() through a real element, as the canvas takes plain colours only. */
function readPalette(canvas: HTMLCanvasElement): Palette {
  const probe = document.createElement('span')
  ;(canvas.parentElement ?? document.body).append(probe)
  const read = (token: string): string => {
    probe.style.color = `var(${token})`
    return getComputedStyle(probe).color
  }
  const palette = Object.fromEntries(
    Object.entries(TOKENS).map(([name, token]) => [name, read(token)]),
  ) as Palette
  probe.remove()
  return palette
}
