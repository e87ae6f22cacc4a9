import type { Terminal } from '@xterm/headless'
import { LIMITS } from '../../shared/rpc/frames.ts'
import {
  SCROLLBACK_LINES,
  type TerminalTheme,
  UNICODE_VERSION,
} from '../../shared/terminal-settings.ts'
import type { TerminalSize } from '../../shared/terminal-viewer.ts'
import { OpenSequence } from './open-sequence.ts'
import { type Arrival, LINES_IN_FLOOD, ScreenFeed } from './screen-feed.ts'
import { ScreenColors } from './screen-colors.ts'
import { drawSnapshot } from './snapshot.ts'
import { headlessTerminal } from './xterm-headless.ts'
import { isGround } from './xterm-internals.ts'

/** Half of what one frame to a viewer may hold; past it the oldest scrollback is left out. */
const MAX_SNAPSHOT_BYTES = LIMITS.hostFrameBytes / 2

export interface ScreenOptions {
  readonly size: TerminalSize
  readonly theme: TerminalTheme
  /** Towards the program: the answer to what it asked its terminal. */
  readonly answer: (bytes: Uint8Array) => void
  /** Part of the output could not be drawn. The screen goes on, the log is whole. */
  readonly fault: (cause: unknown) => void
}

/**
 * The one authoritative screen of a session, without a display. xterm parses a chunk in one go and
 * calls back before the next, so between two callbacks `snapshot()` is exact.
 */
export class Screen {
  readonly #terminal: Terminal
  readonly #colors: ScreenColors
  readonly #open = new OpenSequence()
  readonly #encoder = new TextEncoder()
  readonly #feed: ScreenFeed
  #title = ''

  constructor({ size, theme, answer, fault }: ScreenOptions) {
    this.#terminal = headlessTerminal(size, SCROLLBACK_LINES, UNICODE_VERSION, fault)
    this.#feed = new ScreenFeed(this.#terminal, SCROLLBACK_LINES, (bytes) =>
      this.#open.parsed(bytes, isGround(this.#terminal)),
    )
    const reply = (text: string): void => answer(this.#encoder.encode(text))
    this.#terminal.onData(reply)
    this.#terminal.onTitleChange((title) => {
      this.#title = title
    })
    this.#colors = new ScreenColors(this.#terminal, theme, reply)
  }

  /** More output would only wait to be parsed… */
  get isFull(): boolean {
    return this.#feed.isFull
  }

  /** …until most of it has been. */
  get isLow(): boolean {
    return this.#feed.isLow
  }

  /** Of a flood not all history is drawn before it ends: a snapshot has only its last lines. */
  get isWhole(): boolean {
    return this.#feed.isWhole
  }

  /** Runs where a snapshot is exact, at once or soon. */
  whenExact(run: () => void): void {
    this.#feed.whenExact(run)
  }

  get size(): TerminalSize {
    return { cols: this.#terminal.cols, rows: this.#terminal.rows }
  }

  /** Unless they were left out, `bytes` and nothing else were drawn since the last chunk was parsed. */
  write(bytes: Uint8Array, parsed: (arrival: Arrival) => void): void {
    this.#feed.push(bytes, parsed)
  }

  /** Takes effect after everything written before it. */
  resize(size: TerminalSize, resized: () => void): void {
    this.#feed.push(new Uint8Array(0), () => {
      this.#terminal.resize(size.cols, size.rows)
      resized()
    })
  }

  /** Of less scrollback where that would be more than `mostBytes`, or is not drawn. */
  snapshot(scrollbackLines = SCROLLBACK_LINES, mostBytes = MAX_SNAPSHOT_BYTES): Uint8Array {
    const most = this.isWhole ? scrollbackLines : Math.min(scrollbackLines, LINES_IN_FLOOD)
    const tail = this.#open.bytes()
    const head = `\x18${this.#colors.draw()}`
    const title = this.#title === '' ? '' : `\x1b]2;${this.#title}\x1b\\`
    for (let scrollback = most; ; scrollback = Math.floor(scrollback / 4)) {
      const drawn = this.#encoder.encode(head + title + drawSnapshot(this.#terminal, scrollback))
      if (drawn.length > mostBytes && scrollback > 0) continue
      const bytes = new Uint8Array(drawn.length + tail.length)
      bytes.set(drawn)
      bytes.set(tail, drawn.length)
      return bytes
    }
  }

  /** What the screen shows now, without scrollback. */
  text(): string {
    const buffer = this.#terminal.buffer.active
    const rows = Array.from({ length: this.#terminal.rows }, (_, row) =>
      buffer.getLine(buffer.baseY + row)?.translateToString(true),
    )
    return rows.join('\n').trimEnd()
  }

  dispose(): void {
    this.#terminal.dispose()
  }
}
