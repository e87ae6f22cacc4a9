import type { AnyTerminalId } from '../../shared/domain/ids.ts'
import type { ClientMessage, HostMessage } from './pty-messages.ts'
import { SessionTerminal } from './session-terminal.ts'

type Spawn = Extract<ClientMessage, { t: 'spawn' }>

/** Every terminal of this PTY host; carries out what the host asks. */
export class Terminals {
  readonly #terminals = new Map<AnyTerminalId, SessionTerminal>()
  readonly #send: (message: HostMessage) => void

  constructor(send: (message: HostMessage) => void) {
    this.#send = send
  }

  handle(message: Exclude<ClientMessage, { t: 'ping' } | { t: 'stop' }>): void {
    if (message.t === 'spawn') {
      void this.#spawn(message)
      return
    }
    const terminal = this.#terminals.get(message.terminal)
    switch (message.t) {
      case 'write':
        return terminal?.write(message.bytes)
      case 'resize':
        return terminal?.resize(message.size)
      case 'attach':
        return terminal?.attach(message.viewer)
      case 'drawn':
        return terminal?.drawn(message.viewer, message.offset)
      case 'detach':
        return terminal?.detach(message.viewer)
      case 'text':
        return this.#send({ t: 'text', request: message.request, text: terminal?.text() ?? '' })
      case 'kill':
        return terminal?.kill()
      case 'release':
        // A terminal that still runs is kept: only its exit can end it.
        if (!terminal?.hasExited) return
        terminal.dispose()
        this.#terminals.delete(message.terminal)
        return
    }
  }

  killAll(): void {
    for (const terminal of this.#terminals.values()) terminal.kill()
  }

  get liveCount(): number {
    return [...this.#terminals.values()].filter((terminal) => !terminal.isFinished).length
  }

  async #spawn({ request, spawn }: Spawn): Promise<void> {
    if (this.#terminals.has(spawn.terminal)) {
      this.#send({ t: 'refused', request, detail: 'there is such a terminal already' })
      return
    }
    try {
      const terminal = await SessionTerminal.start(spawn, this.#send)
      this.#terminals.set(spawn.terminal, terminal)
      this.#send({ t: 'spawned', request, pid: terminal.pid })
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause)
      this.#send({ t: 'refused', request, detail })
    }
  }
}
