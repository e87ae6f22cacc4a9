import type { WebSocket } from 'ws'
import { Inbox, type Transport } from '../../shared/rpc/transport.ts'

/** Text frames stay strings, binary frames stay bytes. */
export function socketTransport(socket: WebSocket): Transport {
  const inbox = new Inbox()
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    inbox.push(isBinary ? data : data.toString('utf8'))
  })
  socket.on('close', () => inbox.end())
  socket.on('error', () => socket.terminate())
  return {
    send: (frame) => {
      if (socket.readyState === socket.OPEN) socket.send(frame)
    },
    onFrame: (receive) => inbox.onFrame(receive),
    onClose: (closed) => inbox.onClose(closed),
    close: () => socket.close(),
  }
}
