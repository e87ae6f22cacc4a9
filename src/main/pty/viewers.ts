import type { HostMessage } from './pty-messages.ts'
import type { Screen } from './screen.ts'
import { ViewerWindow } from './viewer-window.ts'

/**
 * Screens for viewers that fell behind take at most one part in five of the process's time. Those with
 * history have a rest of their own: theirs is long, and the others must not wait for it.
 */
const SCREEN_REST = 4
/** After such a silence a viewer that has no history is sent it… */
const CALM_MS = 150
/** …and without one after so long. */
const MOST_PARTIAL_MS = 2000

interface Viewer {
  readonly window: ViewerWindow
  /** Since when it has a screen and no history above it; null: it has. */
  partialSinceMs: number | null
}

/**
 * Who watches one terminal. One that falls behind is sent the screen as it is, again and again, and the
 * history when the output calms down: drawing and sending that takes as long as a hundred screens.
 */
export class Viewers {
  readonly #screen: Screen
  readonly #send: (message: HostMessage) => void
  readonly #viewers = new Map<number, Viewer>()
  /** Bytes of output that the screen includes, and when the last of them were parsed. */
  #offset = 0
  #outputMs = 0
  #nextScreenMs = 0
  #nextWholeMs = 0
  #calmTimer: NodeJS.Timeout | null = null
  #hasEnded = false

  constructor(screen: Screen, send: (message: HostMessage) => void) {
    this.#screen = screen
    this.#send = send
  }

  attach(number: number): void {
    const viewer: Viewer = { window: new ViewerWindow(), partialSinceMs: null }
    this.#viewers.set(number, viewer)
    this.#screen.whenExact(() => this.#sendScreen(number, viewer, this.#screen.isWhole))
  }

  detach(number: number): void {
    this.#viewers.delete(number)
  }

  drawn(number: number, offset: number): void {
    const viewer = this.#viewers.get(number)
    if (viewer?.window.drawn(offset)) this.#sendScreenSoon(number, viewer)
  }

  clear(): void {
    this.#viewers.clear()
    if (this.#calmTimer) clearTimeout(this.#calmTimer)
  }

  resized(size: Screen['size']): void {
    for (const viewer of this.#viewers.keys()) this.#send({ t: 'resized', viewer, size })
  }

  /** No more output comes. */
  end(): void {
    this.#hasEnded = true
    for (const [number, viewer] of this.#viewers)
      if (viewer.partialSinceMs !== null && viewer.window.missed())
        this.#sendScreen(number, viewer, true)
  }

  /** The screen includes `bytes` now. Drawn alone they can be sent on; else it is all that is left of them. */
  parsed(bytes: Uint8Array, isDrawnAlone: boolean): void {
    const offset = this.#offset
    this.#offset += bytes.length
    this.#outputMs = performance.now()
    for (const [number, viewer] of this.#viewers)
      if (!isDrawnAlone) {
        if (viewer.window.missed()) this.#sendScreenSoon(number, viewer)
      } else if (viewer.window.output(this.#offset, bytes.length) === 'send')
        this.#send({ t: 'output', viewer: number, offset, bytes })
  }

  /** These were left out, and others after them before the screen is exact again. */
  leftOut(bytes: Uint8Array): void {
    this.#offset += bytes.length
  }

  #sendScreenSoon(number: number, viewer: Viewer): void {
    setTimeout(
      () => this.#screen.whenExact(() => this.#sendScreen(number, viewer, this.#isDue(viewer))),
      Math.max(0, this.#nextScreenMs - performance.now()),
    )
  }

  #sendScreen(number: number, viewer: Viewer, isWhole: boolean): void {
    // It may have left meanwhile.
    if (this.#viewers.get(number) !== viewer) return
    const startMs = performance.now()
    const bytes = isWhole ? this.#screen.snapshot() : this.#screen.snapshot(0)
    const endMs = performance.now()
    const nextMs = endMs + SCREEN_REST * (endMs - startMs)
    if (isWhole) this.#nextWholeMs = nextMs
    else this.#nextScreenMs = nextMs
    viewer.window.screen(this.#offset, bytes.length)
    viewer.partialSinceMs = isWhole ? null : (viewer.partialSinceMs ?? endMs)
    const { size } = this.#screen
    this.#send({ t: 'screen', viewer: number, offset: this.#offset, size, bytes })
    if (!isWhole) this.#calmTimer ??= setTimeout(() => this.#calmDown(), CALM_MS)
  }

  /** Its history is to be sent as well. */
  #isDue({ partialSinceMs }: Viewer): boolean {
    const nowMs = performance.now()
    if (!this.#screen.isWhole) return false
    if (this.#hasEnded) return true
    if (nowMs < this.#nextWholeMs) return false
    if (nowMs - this.#outputMs >= CALM_MS) return true
    return partialSinceMs !== null && nowMs - partialSinceMs > MOST_PARTIAL_MS
  }

  #calmDown(): void {
    this.#calmTimer = null
    const partial = [...this.#viewers].filter(([, viewer]) => viewer.partialSinceMs !== null)
    for (const [number, viewer] of partial)
      if (this.#isDue(viewer) && viewer.window.missed()) this.#sendScreenSoon(number, viewer)
    if (partial.length > 0) this.#calmTimer = setTimeout(() => this.#calmDown(), CALM_MS)
  }
}
