import type { Terminal } from '@xterm/headless'
import { setTimeout as sleep } from 'node:timers/promises'
import { scrollsPlainly } from '../../shared/terminal-guard.ts'
import { beginsWithin, plainBytes } from '../../shared/terminal-skip.ts'
import { PlainFlood } from './plain-flood.ts'
import { penSgr } from './sgr.ts'
import { coreOf } from './xterm-internals.ts'

/**
 * How a chunk of output got onto the screen. `left-out`: it was scrolled out before it was drawn, or
 * was drawn together with chunks that were; at the last of those the screen is exact again.
 */
export type Arrival = 'drawn' | 'left-out' | 'last-left-out'

interface Waiting {
  readonly bytes: Uint8Array
  readonly parsed: (arrival: Arrival) => void
}

/** Given to the terminal at once, and looked at again after it. */
const STEP_BYTES = 256 * 1024
/** A terminal that was at work for most of this time, with that much, is flooded. */
const FLOOD_MS = 50
const FLOOD_BYTES = 512 * 1024
/** Whether it goes on is looked at so often… */
const LOOK_MS = 10
/** …its last lines are drawn so often… */
const DRAW_MS = 50
/** …and so long it may be too short for that. After such a silence it is over. */
const GATHER_MS = 100
const QUIET_MS = 100
const FULL_BYTES = 1024 * 1024
const LOW_BYTES = 256 * 1024
const LINE_FEED = 0x0a

/** Lines above the screen that are right in the middle of a flood as well. */
export const LINES_IN_FLOOD = 100

/**
 * Output on its way into a terminal. A terminal takes much longer over a line than a program that writes
 * it: of a flood of plain lines only a screenful is drawn now and then, and in the end those that are
 * still in its history.
 */
export class ScreenFeed {
  readonly #terminal: Terminal
  readonly #historyLines: number
  readonly #written: (bytes: Uint8Array) => void
  #waiting: Waiting[] = []
  #backlogBytes = 0
  #isBusy = false
  #isFlood = false
  #flood: PlainFlood | null = null
  /** What is in the flood and not on the screen. */
  #gathered: Waiting[] = []
  #isWhole = true
  #isExact = true
  #onExact: (() => void)[] = []
  /** What it did since then. */
  #sinceMs = 0
  #workedMs = 0
  #workedBytes = 0

  /** `written`: the terminal has parsed these bytes. */
  constructor(terminal: Terminal, historyLines: number, written: (bytes: Uint8Array) => void) {
    this.#terminal = terminal
    this.#historyLines = historyLines
    this.#written = written
  }

  /** More would only make it later. */
  get isFull(): boolean {
    return this.#backlogBytes > FULL_BYTES
  }

  get isLow(): boolean {
    return this.#backlogBytes < LOW_BYTES
  }

  /** Not in a flood: then only the screen and `LINES_IN_FLOOD` above it are right. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Runs as soon as the screen is what one of the chunks left, at once where it is. */
  whenExact(run: () => void): void {
    if (this.#isExact) run()
    else this.#onExact.push(run)
  }

  /** In order; no bytes: when everything before has been parsed, into the history as well. */
  push(bytes: Uint8Array, parsed: (arrival: Arrival) => void): void {
    this.#waiting.push({ bytes, parsed })
    this.#backlogBytes += bytes.length
    this.#gather()
    if (this.#isBusy) return
    this.#isBusy = true
    this.#work().catch((cause: unknown) => {
      throw cause
    })
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const { bytes } = this.#waiting[0]!
      const isFlood = this.#isFlood && bytes.length > 0 && !beginsWithin(bytes)
      if (isFlood && scrollsPlainly(this.#terminal)) await this.#letPass()
      await this.#step()
    }
    this.#isBusy = false
  }

  #judge(startedMs: number, chunks: readonly Waiting[]): void {
    const nowMs = performance.now()
    this.#workedMs += nowMs - startedMs
    for (const { bytes } of chunks) this.#workedBytes += bytes.length
    const passedMs = nowMs - this.#sinceMs
    if (passedMs < FLOOD_MS) return
    this.#isFlood =
      this.#workedMs > passedMs / 2 &&
      this.#workedBytes > FLOOD_BYTES &&
      isPlain(chunks.at(-1)?.bytes)
    this.#sinceMs = nowMs
    this.#workedMs = 0
    this.#workedBytes = 0
  }

  #step(): Promise<void> {
    let bytes = 0
    let count = 0
    while (count < this.#waiting.length && bytes < STEP_BYTES)
      bytes += this.#waiting[count++]?.bytes.length ?? 0
    const taken = this.#waiting.splice(0, count)
    if (taken.length === 0) return Promise.resolve()
    const startedMs = performance.now()
    return new Promise((resolve) => {
      for (const [index, chunk] of taken.entries())
        this.#terminal.write(chunk.bytes, () => {
          this.#backlogBytes -= chunk.bytes.length
          this.#written(chunk.bytes)
          chunk.parsed('drawn')
          if (index < taken.length - 1) return
          this.#judge(startedMs, taken)
          resolve()
        })
    })
  }

  /** Until something comes that does not belong to the flood, or nothing. */
  async #letPass(): Promise<void> {
    this.#isFlood = false
    const pen = penSgr(coreOf(this.#terminal)._inputHandler._curAttrData)
    // The screen may be filled below the cursor: it takes another screenful to be rid of that.
    const most = this.#historyLines + 2 * this.#terminal.rows
    const flood = new PlainFlood(most, new TextEncoder().encode(pen))
    this.#flood = flood
    this.#gather()
    const lines = LINES_IN_FLOOD + 2 * this.#terminal.rows
    let cameMs = performance.now()
    let drawnMs = cameMs
    for (;;) {
      const { size } = flood
      await sleep(LOOK_MS)
      const nowMs = performance.now()
      const isQuiet = flood.size === size
      if (!isQuiet) cameMs = nowMs
      // What came is waiting behind the flood; or nothing came, and all that did is drawn.
      if (this.#waiting.length > 0 || nowMs - cameMs > QUIET_MS) break
      if (this.#gathered.length === 0) continue
      const isDue = isQuiet || nowMs - drawnMs > DRAW_MS
      if (!flood.has(most) && (isQuiet || nowMs - drawnMs > GATHER_MS)) break
      if (!flood.has(most) || !isDue) continue
      if (!(await this.#drawLast(flood, lines))) break
      drawnMs = performance.now()
    }
    this.#flood = null
    // Its end is seen before its history is drawn, which takes as long as many screens.
    if (this.#gathered.length > 0 && flood.has(most) && (await this.#drawLast(flood, lines)))
      await sleep(LOOK_MS)
    if (this.#isWhole && !flood.hasDropped) {
      this.#waiting.unshift(...this.#gathered)
      for (const { bytes } of this.#gathered) this.#backlogBytes += bytes.length
      this.#gathered = []
      return
    }
    const all = flood.all()
    const parts: Uint8Array[] = []
    for (let at = 0; at < all.length; at += STEP_BYTES)
      parts.push(all.subarray(at, at + STEP_BYTES))
    await this.#draw(parts, true)
    this.#sinceMs = performance.now()
  }

  /** False: it takes too much to draw so few lines. */
  async #drawLast(flood: PlainFlood, lines: number): Promise<boolean> {
    const last = flood.last(lines)
    if (!last || last.length > STEP_BYTES) return false
    await this.#draw([last], false)
    return true
  }

  #gather(): void {
    while (this.#flood && !this.#flood.isOver) {
      const chunk = this.#waiting[0]
      if (!chunk || chunk.bytes.length === 0 || !this.#flood.add(chunk.bytes)) return
      this.#waiting.shift()
      this.#backlogBytes -= chunk.bytes.length
      this.#gathered.push(chunk)
    }
  }

  /** Everything that was gathered is drawn with these; `isWhole`: the history too. */
  #draw(parts: readonly Uint8Array[], isWhole: boolean): Promise<void> {
    const drawn = this.#gathered
    this.#gathered = []
    this.#isExact = false
    this.#isWhole = false
    return new Promise((resolve) => {
      for (const [index, part] of parts.entries())
        this.#terminal.write(part, () => {
          this.#written(part)
          if (index < parts.length - 1) return
          this.#isExact = true
          this.#isWhole = isWhole
          for (const [n, { parsed }] of drawn.entries())
            parsed(n === drawn.length - 1 ? 'last-left-out' : 'left-out')
          for (const run of this.#onExact.splice(0)) run()
          resolve()
        })
    })
  }
}

/** From its first line end on, and all but its last line. */
function isPlain(bytes: Uint8Array = new Uint8Array(0)): boolean {
  const lines = bytes.subarray(bytes.indexOf(LINE_FEED) + 1)
  return lines.length > 0 && plainBytes(lines) > lines.length / 2
}
