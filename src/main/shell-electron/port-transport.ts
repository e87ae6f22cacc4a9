import { Inbox, type Transport } from '../../shared/rpc/transport.ts'

/** Structural view of Electron's MessagePortMain: the host itself never imports electron. */
export interface MainPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  start(): void
  close(): void
}

export function portTransport(port: MainPort): Transport {
  const inbox = new Inbox()
  port.on('message', ({ data }) => {
    if (typeof data === 'string' || data instanceof Uint8Array) inbox.push(data)
  })
  port.on('close', () => inbox.end())
  port.start()
  return inbox.transport({
    send: (frame) => port.postMessage(frame),
    close: () => {
      port.close()
      inbox.end()
    },
  })
}
