import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Forward } from '../../core/ports.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { Connector } from './connector.ts'

/** Connections through one forwarded port at a time. */
const MAX_CONNECTIONS = 256

/**
 * A port of this machine's loopback that leads to one of the sandbox. The same number where it is
 * free, because pages name their own port. The caller closes it.
 */
export async function forwardPort(
  connector: Connector,
  port: number,
): Promise<Result<Forward, string>> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (outer) => {
    open.add(outer)
    outer.on('close', () => open.delete(outer))
    outer.on('error', () => outer.destroy())
    void connector.connect(port).then((inner) => {
      if (!inner.ok) outer.destroy()
      else joinStreams(outer, inner.value)
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  const localPort = (await listen(server, port)) ?? (await listen(server, 0))
  if (localPort === null) return err('no port of this machine is free')
  return ok({
    localPort,
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  })
}

/** Each side may end its half first; a broken one takes the other with it. */
export function joinStreams(outer: Socket, inner: Duplex): void {
  outer.pipe(inner)
  inner.pipe(outer)
  inner.on('error', () => outer.destroy())
  inner.on('close', () => outer.destroySoon())
  outer.on('close', () => inner.destroy())
}

/** The port it listens on; null when that one may not be had. */
function listen(server: Server, port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const failed = (): void => resolve(null)
    server.once('error', failed)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', failed)
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : null)
    })
  })
}
