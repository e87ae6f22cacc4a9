import type { Socket } from 'node:net'
import { Inbox, type Transport } from '../../shared/rpc/transport.ts'

// One frame: u8 kind (0 text, 1 bytes) · u32 length, little-endian · payload.
const HEADER_BYTES = 5
const TEXT = 0
const BYTES = 1

/** Bytes that wait for a reader that takes nothing any more, before it is dropped. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024

/** Frames over a local socket. A frame longer than `mostBytes` ends it. */
export function streamTransport(socket: Socket, mostBytes: number): Transport {
  const inbox = new Inbox()
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= HEADER_BYTES) {
      const kind = rest[0]
      const length = rest.readUInt32LE(1)
      if (length > mostBytes || (kind !== TEXT && kind !== BYTES)) return socket.destroy()
      if (rest.length < HEADER_BYTES + length) return
      const payload = rest.subarray(HEADER_BYTES, HEADER_BYTES + length)
      inbox.push(kind === TEXT ? payload.toString('utf8') : Uint8Array.from(payload))
      rest = rest.subarray(HEADER_BYTES + length)
    }
  })
  socket.on('close', () => inbox.end())
  socket.on('error', () => socket.destroy())
  return inbox.transport({
    send: (frame) => {
      if (socket.destroyed) return
      const payload = typeof frame === 'string' ? Buffer.from(frame) : frame
      const header = Buffer.alloc(HEADER_BYTES)
      header.writeUInt8(typeof frame === 'string' ? TEXT : BYTES, 0)
      header.writeUInt32LE(payload.length, 1)
      if (socket.writableLength > MAX_WAITING_BYTES) socket.destroy()
      else {
        socket.write(header)
        socket.write(payload)
      }
    },
    close: () => socket.end(),
  })
}
