import { crc32 } from 'node:zlib'
import type { ExitStatus } from '../../shared/domain/process.ts'
import { joined } from '../../shared/joined.ts'
import {
  encodeKeyframe,
  encodeResize,
  MAX_RECORD_BYTES,
  MAX_SCREEN_BYTES,
  outputHeader,
} from '../../shared/terminal-log.ts'
import { DARK_THEME } from '../../shared/terminal-settings.ts'
import type { TerminalSize } from '../../shared/terminal-viewer.ts'
import type { PtySpawn } from '../core/terminal-port.ts'
import { type ByteBlotter, createByteBlotter } from '../core/secrets.ts'
import { AppendFile } from '../disk/append-file.ts'
import { type Master, openMaster } from './master.ts'
import type { HostMessage } from './pty-messages.ts'
import { Screen } from './screen.ts'
import { type Arrival, LINES_IN_FLOOD } from './screen-feed.ts'
import { Viewers } from './viewers.ts'

/** Past this in the log's queue, or with a full screen, the program is paused… */
const PAUSE_BYTES = 4 * 1024 * 1024
/** …until the queue is below this, and the screen has drawn most of what it had. */
const RESUME_BYTES = 1024 * 1024
const ACTIVE_MS = 100
/** Of output without a pause so much is one record, at most. */
const BATCH_MS = 4
const BATCH_BYTES = 64 * 1024
/** Bytes of output between two whole screens in the log… */
export const KEYFRAME_BYTES = 256 * 1024
/** …and at most, where there is so much that they would take more than one part in 25 of the time. */
export const MOST_KEYFRAME_BYTES = 2 * KEYFRAME_BYTES
const KEYFRAME_REST = 24
/** Lines above each: with twice as many, half as often, a log grows about as much and a seek takes longer. */
export const KEYFRAME_LINES = LINES_IN_FLOOD
/** Milliseconds a possible beginning of a secret is kept out of the log. */
const SECRET_WAIT_MS = 250
/** An ended program's last output waits this long for a log that cannot be written. */
const LAST_WRITE_MS = 10_000

const monoMs = (): number => Number(process.hrtime.bigint()) / 1e6

/**
 * One terminal: the program's bytes go to the log and the screen, and from the parsed screen to
 * the viewers. The log and the screen may pause the program; a viewer never can.
 */
export class SessionTerminal {
  readonly #request: PtySpawn
  readonly #send: (message: HostMessage) => void
  readonly #log: AppendFile
  readonly #screen: Screen
  readonly #viewers: Viewers
  readonly #master: Master
  #batch: Uint8Array[] = []
  #batchBytes = 0
  #lastFlushMs = 0
  #parsedBytes = 0
  #totalBytes = 0
  #keyframeBytes = 0
  #nextKeyframeMs = 0
  #reportedBytes = 0
  readonly #blotter: ByteBlotter | null
  #restTimer: NodeJS.Timeout | null = null
  #activeTimer: NodeJS.Timeout | null = null
  #isPaused = false
  #hasExited = false
  #isFinished = false

  /** Rejects when the log cannot be created or the system refuses a terminal. */
  static async start(
    request: PtySpawn,
    send: (message: HostMessage) => void,
  ): Promise<SessionTerminal> {
    let terminal: SessionTerminal | null = null
    const log = await AppendFile.open(request.logPath, {
      mode: 'create',
      written: () => terminal?.balance(),
      failed: (detail) => {
        send({ t: 'logFailed', terminal: request.terminal, detail })
        terminal?.balance()
      },
      recovered: () => terminal?.balance(),
    })
    try {
      terminal = new SessionTerminal(request, send, log)
      return terminal
    } catch (cause) {
      await log.close()
      throw cause
    }
  }

  private constructor(request: PtySpawn, send: (message: HostMessage) => void, log: AppendFile) {
    this.#request = request
    this.#send = send
    this.#log = log
    this.#blotter = request.secrets.length > 0 ? createByteBlotter(request.secrets) : null
    // First: the program starts while all else is made.
    this.#master = openMaster(request.launch, request.size, {
      data: (bytes) => this.#collect(bytes),
      exited: (exit) => {
        this.#finish(exit).catch((cause: unknown) => {
          throw cause
        })
      },
    })
    this.#screen = this.#createScreen()
    this.#viewers = new Viewers(this.#screen, this.#send)
    const { cols, rows } = request.size
    log.append(encodeResize(this.#clockMs(), cols, rows))
  }

  #createScreen(): Screen {
    const { size, theme, terminal } = this.#request
    try {
      return new Screen({
        size,
        theme: theme ?? DARK_THEME,
        answer: (bytes) => this.write(bytes),
        fault: (cause) => console.error(`${terminal}: output could not be drawn`, cause),
      })
    } catch (cause) {
      this.#master.kill()
      throw cause
    }
  }

  get pid(): number {
    return this.#master.pid
  }

  get hasExited(): boolean {
    return this.#hasExited
  }

  /** Exited, and its log is closed. */
  get isFinished(): boolean {
    return this.#isFinished
  }

  write(bytes: Uint8Array): void {
    this.#master.write(bytes)
  }

  resize(size: TerminalSize): void {
    if (this.#hasExited) return
    this.#flush()
    this.#recordRest()
    this.#master.resize(size)
    this.#log.append(encodeResize(this.#clockMs(), size.cols, size.rows))
    this.#screen.resize(size, () => this.#viewers.resized(size))
  }

  attach(viewer: number): void {
    this.#viewers.attach(viewer)
  }

  drawn(viewer: number, offset: number): void {
    this.#viewers.drawn(viewer, offset)
  }

  detach(viewer: number): void {
    this.#viewers.detach(viewer)
  }

  text(): string {
    return this.#screen.text()
  }

  kill(): void {
    this.#master.kill()
  }

  dispose(): void {
    this.#viewers.clear()
    this.#screen.dispose()
  }

  /** Pauses or resumes the program after either queue changed. */
  balance(): void {
    const { queuedBytes, isFailing } = this.#log
    if (!this.#isPaused && (queuedBytes > PAUSE_BYTES || isFailing || this.#screen.isFull)) {
      this.#isPaused = true
      this.#master.pause()
    } else if (this.#isPaused && queuedBytes < RESUME_BYTES && !isFailing && this.#screen.isLow) {
      this.#isPaused = false
      this.#master.resume()
    }
  }

  /**
   * A pseudo-terminal yields at most 4 KiB a read. The first of them goes on at once; what follows it
   * closely is one batch, because a record, a write and a message to each viewer cost the same for all
   * sizes.
   */
  #collect(bytes: Uint8Array): void {
    if (this.#batch.length === 0) {
      const waitMs = this.#lastFlushMs + BATCH_MS - monoMs()
      if (waitMs > 0) setTimeout(() => this.#flush(), waitMs)
      else setImmediate(() => this.#flush())
    }
    this.#batch.push(bytes)
    this.#batchBytes += bytes.length
    if (this.#batchBytes > BATCH_BYTES) this.#flush()
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    this.#lastFlushMs = monoMs()
    const [first] = this.#batch
    const bytes = first && this.#batch.length === 1 ? first : joined(this.#batch)
    this.#batch = []
    this.#batchBytes = 0
    this.#totalBytes += bytes.length
    this.#record(bytes)
    this.#screen.write(bytes, (arrival) => this.#parsed(bytes, arrival))
    this.#activeTimer ??= setTimeout(() => this.#reportActive(), ACTIVE_MS)
    this.balance()
  }

  /** What may be the beginning of a secret waits for what follows it, for a moment. */
  #record(bytes: Uint8Array): void {
    if (!this.#blotter) return this.#append(bytes)
    this.#append(this.#blotter.push(bytes))
    if (this.#restTimer) clearTimeout(this.#restTimer)
    this.#restTimer = setTimeout(() => this.#recordRest(), SECRET_WAIT_MS)
  }

  #recordRest(): void {
    if (this.#restTimer) clearTimeout(this.#restTimer)
    this.#restTimer = null
    if (this.#blotter) this.#append(this.#blotter.rest())
  }

  #append(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += MAX_RECORD_BYTES) {
      const part = bytes.subarray(start, start + MAX_RECORD_BYTES)
      this.#log.append(outputHeader(this.#clockMs(), part, crc32))
      this.#log.append(part)
    }
  }

  /** The screen includes `bytes` now; a viewer attached later gets them with its snapshot. */
  #parsed(bytes: Uint8Array, arrival: Arrival): void {
    this.#parsedBytes += bytes.length
    if (arrival === 'left-out') this.#viewers.leftOut(bytes)
    else {
      this.#viewers.parsed(bytes, arrival === 'drawn')
      const bytesSince = this.#parsedBytes - this.#keyframeBytes
      if (bytesSince >= MOST_KEYFRAME_BYTES) this.#recordScreen()
      else if (bytesSince >= KEYFRAME_BYTES && monoMs() >= this.#nextKeyframeMs)
        this.#recordScreen()
    }
    this.balance()
  }

  /**
   * A replay can begin here. Not where secrets are blotted: on a screen they may stand in pieces, in
   * which nothing would find them.
   */
  #recordScreen(): void {
    this.#keyframeBytes = this.#parsedBytes
    if (this.#blotter || this.#hasExited) return
    const startMs = monoMs()
    const screen = this.#screen.snapshot(KEYFRAME_LINES, MAX_SCREEN_BYTES)
    const endMs = monoMs()
    this.#nextKeyframeMs = endMs + KEYFRAME_REST * (endMs - startMs)
    if (screen.length > MAX_SCREEN_BYTES) return
    const keyframe = { outputBytes: this.#parsedBytes, ...this.#screen.size, screen }
    this.#log.append(encodeKeyframe(this.#clockMs(), keyframe))
  }

  #reportActive(): void {
    if (this.#activeTimer) clearTimeout(this.#activeTimer)
    this.#activeTimer = null
    const bytes = this.#totalBytes - this.#reportedBytes
    if (bytes === 0) return
    this.#reportedBytes = this.#totalBytes
    this.#send({
      t: 'active',
      terminal: this.#request.terminal,
      bytes,
      totalBytes: this.#totalBytes,
    })
  }

  async #finish(exit: ExitStatus): Promise<void> {
    this.#flush()
    this.#recordRest()
    this.#hasExited = true
    await this.#closeLog()
    this.#isFinished = true
    await new Promise<void>((resolve) => this.#screen.write(new Uint8Array(0), () => resolve()))
    this.#viewers.end()
    this.#reportActive()
    this.#send({ t: 'exited', terminal: this.#request.terminal, exit })
  }

  async #closeLog(): Promise<void> {
    const timeout = new Promise<'late'>((resolve) =>
      setTimeout(() => resolve('late'), LAST_WRITE_MS).unref(),
    )
    if ((await Promise.race([this.#log.drained(), timeout])) !== 'late') return this.#log.close()
    const lostBytes = await this.#log.abandon()
    const detail = `the last ${lostBytes} bytes of the recording could not be written`
    this.#send({ t: 'logFailed', terminal: this.#request.terminal, detail })
  }

  #clockMs(): number {
    return Math.max(0, monoMs() - this.#request.monoOriginMs)
  }
}
