import type { Terminal } from '@xterm/headless'
import { joined } from '../../shared/joined.ts'
import { scrollsPlainly } from '../../shared/terminal-guard.ts'
import { plainBytes, plainTail } from '../../shared/terminal-skip.ts'

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
/** Less is not worth looking for what can be left out. */
const LEAST_BYTES = 2 * 1024 * 1024
const MOST_BYTES = 12 * 1024 * 1024
/** A terminal that was at work for most of this time, with that much, is flooded… */
const FLOOD_MS = 50
const FLOOD_BYTES = 512 * 1024
/** …and waits so long for more of the flood, looking that often whether more came… */
const GATHER_MS = 100
/** …longer when nobody watches: each time the same number of lines is drawn, however much came. */
const UNWATCHED_GATHER_MS = 400
const LOOK_MS = 10
const FULL_BYTES = 1024 * 1024
const LOW_BYTES = 256 * 1024
const LINE_FEED = 0x0a

/**
 * Output on its way into a terminal. A terminal takes much longer over a line than a program that writes
 * it: of a flood of plain lines only those are drawn that are still there when all of it has been.
 */
export class ScreenFeed {
  readonly #terminal: Terminal
  readonly #historyLines: number
  readonly #written: (bytes: Uint8Array) => void
  readonly #isWatched: () => boolean
  #waiting: Waiting[] = []
  #backlogBytes = 0
  #isBusy = false
  #isFlood = false
  /** What it did since then. */
  #sinceMs = 0
  #workedMs = 0
  #workedBytes = 0

  /** `written`: the terminal has parsed these bytes. */
  constructor(
    terminal: Terminal,
    historyLines: number,
    written: (bytes: Uint8Array) => void,
    isWatched: () => boolean = () => true,
  ) {
    this.#terminal = terminal
    this.#isWatched = isWatched
    this.#historyLines = historyLines
    this.#written = written
  }

  /** More would only make it later. A flood of plain lines may be longer, since little of it is drawn. */
  get isFull(): boolean {
    return this.#backlogBytes > (this.#isFlood ? MOST_BYTES : FULL_BYTES)
  }

  get isLow(): boolean {
    return this.#backlogBytes < (this.#isFlood ? MOST_BYTES / 2 : LOW_BYTES)
  }

  /** In order; no bytes: when everything before has been parsed. */
  push(bytes: Uint8Array, parsed: (arrival: Arrival) => void): void {
    this.#waiting.push({ bytes, parsed })
    this.#backlogBytes += bytes.length
    if (!this.#isBusy) this.#next()
  }

  #next(): void {
    const last = this.#waiting.at(-1)
    this.#isBusy = last !== undefined
    const gatherMs = this.#isWatched() ? GATHER_MS : UNWATCHED_GATHER_MS
    if (last && this.#isFlood) this.#gather(last, performance.now() + gatherMs)
    else if (last) this.#step()
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

  /** While it parses, nothing can be read from the program: the more at once, the faster it gets on. */
  #gather(last: Waiting, untilMs: number): void {
    setTimeout(() => {
      const newest = this.#waiting.at(-1) ?? last
      if (newest !== last && !this.isFull && performance.now() < untilMs)
        this.#gather(newest, untilMs)
      else if (!this.#leaveOut()) {
        this.#isFlood = false
        this.#step()
      }
    }, LOOK_MS)
  }

  #step(): void {
    let bytes = 0
    let count = 0
    while (count < this.#waiting.length && bytes < STEP_BYTES)
      bytes += this.#waiting[count++]?.bytes.length ?? 0
    const taken = this.#waiting.splice(0, count)
    const startedMs = performance.now()
    for (const [index, chunk] of taken.entries())
      this.#terminal.write(chunk.bytes, () => {
        this.#arrived(chunk, 'drawn', chunk.bytes)
        if (index < taken.length - 1) return
        this.#judge(startedMs, taken)
        this.#next()
      })
  }

  /** False: there is nothing to be left out of what waits. */
  #leaveOut(): boolean {
    if (this.#backlogBytes < LEAST_BYTES || !scrollsPlainly(this.#terminal)) return false
    const marker = this.#waiting.findIndex(({ bytes }) => bytes.length === 0)
    const chunks = marker === -1 ? this.#waiting : this.#waiting.slice(0, marker)
    const all = joined(chunks.map(({ bytes }) => bytes))
    const end = plainBytes(all)
    if (end < LEAST_BYTES) return false
    // The screen may be filled below the cursor: it takes another screenful to be rid of that.
    const lines = this.#historyLines + 2 * this.#terminal.rows
    const tail = plainTail(all.subarray(0, end), lines)
    if (!tail || tail.from < end / 2) return false
    // Whole chunks, so that what was parsed ends where one of them does.
    let count = 0
    let until = 0
    while (until < end) until += chunks[count++]?.bytes.length ?? 0
    const taken = this.#waiting.splice(0, count)
    const parts = [tail.pen]
    for (let at = tail.from; at < until; at += STEP_BYTES)
      parts.push(all.subarray(at, Math.min(at + STEP_BYTES, until)))
    for (const [index, part] of parts.entries())
      this.#terminal.write(part, () => {
        this.#written(part)
        if (index < parts.length - 1) return
        for (const [n, chunk] of taken.entries())
          this.#arrived(chunk, n === taken.length - 1 ? 'last-left-out' : 'left-out', null)
        this.#next()
      })
    return true
  }

  #arrived({ bytes, parsed }: Waiting, arrival: Arrival, written: Uint8Array | null): void {
    this.#backlogBytes -= bytes.length
    if (written) this.#written(written)
    parsed(arrival)
  }
}

/** From its first line end on, and all but its last line. */
function isPlain(bytes: Uint8Array = new Uint8Array(0)): boolean {
  const lines = bytes.subarray(bytes.indexOf(LINE_FEED) + 1)
  return lines.length > 0 && plainBytes(lines) > lines.length / 2
}
