import type { Socket } from 'node:net'
import { DialledSocket } from './dialled-socket.ts'

export interface TunnelEnds {
  readonly client: Socket
  readonly upstream: Socket
  /** Sent before anything else: what was read past the head on either side. */
  readonly toUpstream: Buffer
  readonly toClient: Buffer
  readonly idleMs: number
  /** Both ends are closed. Called once. */
  done(): void
}

/** Carries bytes both ways with back-pressure; one side may finish sending before the other. */
export function openTunnel(ends: TunnelEnds): void {
  const { client, upstream } = ends
  let open = 2
  const closed = (): void => {
    if (--open === 0) ends.done()
  }
  const link = (from: Socket, to: Socket): void => {
    from.allowHalfOpen = true
    from.setTimeout(ends.idleMs, () => {
      client.destroy()
      upstream.destroy()
    })
    from.on('error', () => to.destroy())
    from.on('close', () => {
      // What was read before the close is still on its way out; then the other side ends too.
      if (from.readableEnded) to.destroySoon()
      else to.destroy()
      closed()
    })
    if (from instanceof DialledSocket) from.pourInto(to)
    else from.pipe(to)
  }
  if (ends.toUpstream.length > 0) upstream.write(ends.toUpstream)
  if (ends.toClient.length > 0) client.write(ends.toClient)
  link(client, upstream)
  link(upstream, client)
  // A side that closed before anybody listened emits nothing more.
  if (client.closed || upstream.closed) {
    for (const end of [client, upstream]) if (end.closed) closed()
    client.destroy()
    upstream.destroy()
  }
}
