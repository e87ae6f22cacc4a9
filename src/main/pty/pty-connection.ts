import type { AnyTerminalId } from '../../shared/domain/ids.ts'
import type { TerminalViewer } from '../../shared/terminal-viewer.ts'
import type { ChildPort, Log } from '../core/ports.ts'
import type { PtyEvents } from '../core/terminal-port.ts'
import { type ClientMessage, HostMessage } from './pty-messages.ts'

export interface Heartbeat {
  readonly everyMs: number
  /** Unanswered beats until a warning, and until the process is given up and killed. */
  readonly warnAfter: number
  readonly giveUpAfter: number
}

export const HEARTBEAT: Heartbeat = { everyMs: 2000, warnAfter: 3, giveUpAfter: 6 }

type Answer = Extract<HostMessage, { t: 'spawned' | 'refused' | 'text' }>

export interface ConnectionOptions {
  readonly port: ChildPort
  readonly events: Omit<PtyEvents, 'lost'>
  readonly log: Log
  readonly heartbeat: Heartbeat
  /** Once: the process ended, or was killed because it no longer answered. */
  readonly lost: () => void
}

/** One run of the PTY host process, seen from the host. Owns the process. */
export class PtyConnection {
  readonly terminals = new Set<AnyTerminalId>()
  readonly #options: ConnectionOptions
  readonly #viewers = new Map<number, TerminalViewer>()
  readonly #waiting = new Map<number, (answer: Answer | null) => void>()
  readonly #beat: NodeJS.Timeout
  #lastNumber = 0
  #unanswered = 0
  #isLost = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    options.port.onMessage((raw) => this.#receive(raw))
    options.port.onExit(() => this.#lose())
    // Beats are counted, not timed: a machine that slept has not been silent.
    this.#beat = setInterval(() => this.#ping(), options.heartbeat.everyMs)
    this.#beat.unref()
  }

  send(message: ClientMessage): void {
    if (!this.#isLost) this.#options.port.send(message)
  }

  /** null: no answer in time, or the process is gone. */
  ask(make: (request: number) => ClientMessage, timeoutMs: number): Promise<Answer | null> {
    if (this.#isLost) return Promise.resolve(null)
    const request = ++this.#lastNumber
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), timeoutMs)
      const settle = (answer: Answer | null): void => {
        clearTimeout(timer)
        this.#waiting.delete(request)
        resolve(answer)
      }
      this.#waiting.set(request, settle)
      this.send(make(request))
    })
  }

  addViewer(viewer: TerminalViewer): number {
    const number = ++this.#lastNumber
    this.#viewers.set(number, viewer)
    return number
  }

  removeViewer(number: number): void {
    this.#viewers.delete(number)
  }

  kill(): void {
    this.#options.port.kill()
    this.#lose()
  }

  #ping(): void {
    const { warnAfter, giveUpAfter } = this.#options.heartbeat
    if (this.#unanswered === warnAfter) this.#options.log.warn('the PTY host does not answer')
    if (this.#unanswered >= giveUpAfter) {
      this.#options.log.error('the PTY host is given up')
      this.kill()
      return
    }
    this.#unanswered++
    this.send({ t: 'ping' })
  }

  #lose(): void {
    if (this.#isLost) return
    this.#isLost = true
    clearInterval(this.#beat)
    this.#viewers.clear()
    for (const settle of [...this.#waiting.values()]) settle(null)
    this.#options.lost()
  }

  #receive(raw: unknown): void {
    if (this.#isLost) return
    const parsed = HostMessage.safeParse(raw)
    if (!parsed.success) {
      this.#options.log.error('a message of the PTY host was passed over', parsed.error)
      return
    }
    const message = parsed.data
    const { events } = this.#options
    switch (message.t) {
      case 'pong':
        this.#unanswered = 0
        return
      case 'spawned':
      case 'refused':
      case 'text':
        this.#waiting.get(message.request)?.(message)
        return
      case 'screen':
        this.#viewers.get(message.viewer)?.screen(message.offset, message.size, message.bytes)
        return
      case 'output':
        this.#viewers.get(message.viewer)?.output(message.offset, message.bytes)
        return
      case 'resized':
        this.#viewers.get(message.viewer)?.resized(message.size)
        return
      case 'active':
        return events.active(message.terminal, message.bytes, message.totalBytes)
      case 'logFailed':
        return events.logFailed(message.terminal, message.detail)
      case 'exited':
        return events.exited(message.terminal, message.exit)
    }
  }
}
