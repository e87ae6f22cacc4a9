import type { Socket } from 'node:net'
import type { ConnectionId } from '../../shared/domain/ids.ts'
import type { Destination } from '../../shared/domain/policy.ts'
import type { Fact } from '../../shared/domain/timeline.ts'

/** An allowed, connected way to one destination. Whoever holds it closes it. */
export interface Route {
  readonly connectionId: ConnectionId
  readonly destination: Destination
  /** The connected socket the first time, a new one to the same checked addresses afterwards. */
  take(): Socket
  readonly isClosed: boolean
  /** Ends its sockets and reports the bytes it carried. Further calls do nothing. */
  close(): void
}

export interface RouteParts {
  readonly connectionId: ConnectionId
  readonly destination: Destination
  readonly first: Socket
  dial(): Socket
  report(fact: Fact): void
  onClosed(): void
}

export function createRoute(parts: RouteParts): Route {
  const sockets = new Set<Socket>()
  let first: Socket | null = parts.first
  let isClosed = false
  let bytesUp = 0
  let bytesDown = 0

  const count = (socket: Socket): void => {
    if (!sockets.delete(socket)) return
    bytesUp += socket.bytesWritten
    bytesDown += socket.bytesRead
  }
  const own = (socket: Socket): Socket => {
    sockets.add(socket)
    // Its user hears of errors too; this one keeps an unused socket from being a fault.
    socket.on('error', () => undefined)
    socket.on('close', () => count(socket))
    return socket
  }
  own(parts.first)

  return {
    connectionId: parts.connectionId,
    destination: parts.destination,
    take: () => {
      const socket = first ?? own(parts.dial())
      first = null
      return socket
    },
    get isClosed() {
      return isClosed
    },
    close: () => {
      if (isClosed) return
      isClosed = true
      for (const socket of [...sockets]) {
        count(socket)
        socket.destroy()
      }
      const { connectionId } = parts
      parts.report({ type: 'net/closed', connectionId, bytesUp, bytesDown })
      parts.onClosed()
    },
  }
}
