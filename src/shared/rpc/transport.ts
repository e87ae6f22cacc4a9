/** The pipe between a renderer and the host. Text carries JSON; bytes stay bytes. */
export interface Transport {
  send(frame: string | Uint8Array): void
  /** One receiver at a time. Frames that arrive before it is set are kept for it. */
  onFrame(receive: (frame: string | Uint8Array) => void): void
  /** Called once, whoever closed it. */
  onClose(closed: () => void): void
  close(): void
}

/** The single function the preload gives the page. The port arrives by `window.postMessage`. */
export interface Bridge {
  requestPort(): void
}
export const BRIDGE_NAME = 'cloche'
/** The preload's single channel to Electron's main process. */
export const REQUEST_PORT = 'cloche:request-port'
/** `data` of the message that carries the port into the page. */
export const PORT_MESSAGE = 'cloche:port'

/** Keeps frames until somebody listens; remembers that the pipe closed. */
export class Inbox {
  #receive: ((frame: string | Uint8Array) => void) | null = null
  #closed: (() => void) | null = null
  #early: (string | Uint8Array)[] = []
  #isClosed = false

  push(frame: string | Uint8Array): void {
    if (this.#receive) this.#receive(frame)
    else this.#early.push(frame)
  }
  end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#closed?.()
  }
  onFrame(receive: (frame: string | Uint8Array) => void): void {
    this.#receive = receive
    for (const frame of this.#early.splice(0)) receive(frame)
  }
  onClose(closed: () => void): void {
    this.#closed = closed
    if (this.#isClosed) closed()
  }
  /** The pipe whose incoming side this is. */
  transport(outgoing: Pick<Transport, 'send' | 'close'>): Transport {
    return {
      ...outgoing,
      onFrame: (receive) => this.onFrame(receive),
      onClose: (closed) => this.onClose(closed),
    }
  }
}

/** Two ends in one process, for tests; frames are delivered in a later microtask, as a pipe does. */
export function memoryTransportPair(): [Transport, Transport] {
  const inboxes = [new Inbox(), new Inbox()] as const
  let isOpen = true
  const end = (mine: Inbox, theirs: Inbox): Transport =>
    mine.transport({
      send: (frame) => {
        if (isOpen) queueMicrotask(() => theirs.push(frame))
      },
      close: () => {
        isOpen = false
        queueMicrotask(() => {
          mine.end()
          theirs.end()
        })
      },
    })
  return [end(inboxes[0], inboxes[1]), end(inboxes[1], inboxes[0])]
}
