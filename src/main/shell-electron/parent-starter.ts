import type { ChildPort, ProcessStarter } from '../core/ports.ts'
import type { FromHost } from './host-messages.ts'
import type { MainPort } from './port-transport.ts'

export interface ParentStarter extends ProcessStarter {
  started(id: number, port: MainPort): void
  exited(id: number): void
}

/**
 * A utility process cannot fork another: it asks Electron's main process, which joins the two
 * with a channel of their own and relays nothing.
 */
export function createParentStarter(ask: (message: FromHost) => void): ParentStarter {
  const children = new Map<number, Child>()
  let nextId = 1
  return {
    start: (entry) => {
      const id = nextId++
      const child = new Child(() => ask({ t: 'kill', id }))
      children.set(id, child)
      ask({ t: 'start', id, entry })
      return child
    },
    started: (id, port) => children.get(id)?.attach(port),
    exited: (id) => {
      children.get(id)?.end()
      children.delete(id)
    },
  }
}

class Child implements ChildPort {
  readonly #kill: () => void
  readonly #waiting: unknown[] = []
  #port: MainPort | null = null
  #receive: ((message: unknown) => void) | null = null
  #exited: (() => void) | null = null

  constructor(kill: () => void) {
    this.#kill = kill
  }
  attach(port: MainPort): void {
    this.#port = port
    port.on('message', ({ data }) => this.#receive?.(data))
    port.start()
    for (const message of this.#waiting.splice(0)) port.postMessage(message)
  }
  end(): void {
    this.#port?.close()
    this.#exited?.()
    this.#exited = null
  }
  send(message: unknown): void {
    if (this.#port) this.#port.postMessage(message)
    else this.#waiting.push(message)
  }
  onMessage(receive: (message: unknown) => void): void {
    this.#receive = receive
  }
  onExit(exited: () => void): void {
    this.#exited = exited
  }
  kill(): void {
    this.#kill()
  }
}
