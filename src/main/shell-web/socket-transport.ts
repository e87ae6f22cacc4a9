import type { WebSocket } from 'ws'
import { LIMITS } from '../../shared/rpc/frames.ts'
import { Inbox, type Transport } from '../../shared/rpc/transport.ts'

/** Bytes that wait for a viewer that takes nothing any more, before it is dropped. */
const MAX_WAITING_BYTES = 2 * LIMITS.hostFrameBytes

/** Text frames stay strings, binary frames stay bytes. */
export function socketTransport(socket: WebSocket): Transport {
  const inbox = new Inbox()
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    inbox.push(isBinary ? data : data.toString('utf8'))
  })
  socket.on('close', () => inbox.end())
  socket.on('error', () => socket.terminate())
  return inbox.transport({
    send: (frame) => {
      if (socket.readyState !== socket.OPEN) return
      // It comes back to fresh snapshots; keeping everything for it would fill the host.
      if (socket.bufferedAmount > MAX_WAITING_BYTES) socket.terminate()
      else socket.send(frame)
    },
    close: () => socket.close(),
  })
}
