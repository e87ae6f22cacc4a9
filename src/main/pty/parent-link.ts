/** The pipe to the process that started this one, whatever kind of process it is. */
export interface ParentLink {
  send(message: unknown): void
  onMessage(receive: (message: unknown) => void): void
  /** The parent ended or let go. */
  onGone(gone: () => void): void
}

/** Structural view of Electron's MessagePortMain and of `process.parentPort`. */
interface MessagePortMain {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
  on(event: 'close', listener: () => void): void
  start(): void
}
interface ParentPort {
  once(
    event: 'message',
    listener: (event: { readonly ports: readonly MessagePortMain[] }) => void,
  ): void
}

/**
 * Electron utility process: the parent's first message carries the port to the host. Forked Node:
 * the IPC channel itself, which must use `serialization: 'advanced'`. Throws when neither is there.
 */
export async function connectParent(): Promise<ParentLink> {
  const { parentPort } = process as unknown as { readonly parentPort?: ParentPort }
  if (parentPort) return portLink(await firstPort(parentPort))
  if (process.send) return ipcLink()
  throw new Error('started without a parent to talk to')
}

const firstPort = (parentPort: ParentPort): Promise<MessagePortMain> =>
  new Promise((resolve, reject) =>
    parentPort.once('message', ({ ports: [port] }) =>
      port ? resolve(port) : reject(new Error('the first message carried no port')),
    ),
  )

function portLink(port: MessagePortMain): ParentLink {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (receive) => {
      port.on('message', ({ data }) => receive(data))
      port.start()
    },
    onGone: (gone) => port.on('close', gone),
  }
}

function ipcLink(): ParentLink {
  return {
    send: (message) => {
      if (process.connected) process.send?.(message)
    },
    onMessage: (receive) => process.on('message', receive),
    onGone: (gone) => process.on('disconnect', gone),
  }
}
