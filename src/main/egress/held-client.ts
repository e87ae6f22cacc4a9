import type { Socket } from 'node:net'

/** A client that waits for its decision. */
export interface HeldClient {
  /** Aborted when the client hung up, also when it only half-closed: it no longer waits. */
  readonly gone: AbortSignal
  /** Stops watching and hands over what the client sent meanwhile; the socket is paused. */
  release(): Buffer
}

/**
 * Reads just enough to notice that the client left: what it sends early is kept, and past
 * `limitBytes` it is not read any more until it is released.
 */
export function holdClient(socket: Socket, early: Buffer, limitBytes: number): HeldClient {
  const gone = new AbortController()
  const chunks = [early]
  let size = early.length
  const leave = (): void => gone.abort()
  const keep = (chunk: Buffer): void => {
    chunks.push(chunk)
    size += chunk.length
    if (size > limitBytes) socket.pause()
  }
  socket.on('data', keep).on('end', leave).on('close', leave)
  if (socket.destroyed || socket.readableEnded) leave()
  socket.resume()
  return {
    gone: gone.signal,
    release: () => {
      socket.pause()
      socket.off('data', keep).off('end', leave).off('close', leave)
      return Buffer.concat(chunks)
    },
  }
}
