import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { Destination } from '../../shared/domain/policy.ts'
import type { EgressOptions } from '../core/egress-port.ts'
import type { OpenAdmission } from './admission.ts'
import type { CarryParts } from './carry.ts'
import type { Exchanges } from './exchange.ts'
import { holdClient } from './held-client.ts'
import { forward, forwardUpgrade, refuse } from './http-forward.ts'
import { authorityText, hasBody, hostNamed, readOriginRequest } from './http-head.ts'
import { endClient, refusalResponse, refusedAsMalformed } from './refusal.ts'
import { connectTls } from './tls/inspect.ts'

/** An open connection to one host whose requests can be read. */
export interface ReadableConnection {
  readonly admission: OpenAdmission
  /** Connected; used for the first request. */
  readonly upstream: Socket
  readonly isEncrypted: boolean
  /** The host its TLS asked for; null: none. */
  readonly host: string | null
}

interface Served extends ReadableConnection {
  readonly agent: Agent
  readonly open: () => Socket
  readonly gone: AbortSignal
  requests: number
}

/**
 * Carries the requests of connections to one host each. One connection outside belongs to one
 * inside: when either is closed, so is the other.
 */
export function createReadable(
  session: EgressOptions,
  exchanges: Exchanges,
  { limits, log, trusted }: CarryParts,
): { serve(stream: Socket, connection: ReadableConnection): Promise<void> } {
  const served = new WeakMap<Socket, Served>()
  const server = createServer({ maxHeaderSize: limits.headBytes, keepAliveTimeout: 0 })
  server.maxHeadersCount = limits.headers + 1

  const refuseAll = ({ admission }: Served, socket: Socket, reason: string): void => {
    const { connectionId } = admission.route
    session.report({ type: 'net/refused', connectionId, reason })
    endClient(socket, refusalResponse(refusedAsMalformed(reason)), limits.lingerMs)
  }

  /** Where it wants to go; a sentence when that cannot be told. */
  const read = (
    incoming: IncomingMessage,
    { admission, host }: Served,
  ): { readonly destination: Destination; readonly path: string } | string => {
    const { destination } = admission.route
    const asked = host === null ? destination : { ...destination, host }
    const path = readOriginRequest(incoming, asked, limits.headers)
    if (!path.ok) return path.error
    const named = isIP(asked.host) === 0 ? null : hostNamed(incoming, asked)
    return { destination: named === null ? asked : { ...asked, host: named }, path: path.value }
  }

  const onRequest = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const connection = served.get(incoming.socket)
    if (!connection) return void incoming.socket.destroy()
    const { admission, isEncrypted, agent, gone } = connection
    connection.requests++
    response.on('close', () => connection.requests--)
    const target = read(incoming, connection)
    if (typeof target === 'string') return refuseAll(connection, incoming.socket, target)
    const admitted = await exchanges.admit(incoming, { ...target, admission, isEncrypted, gone })
    if ('text' in admitted) return response.destroyed ? undefined : refuse(response, admitted)
    const authority = authorityText(target.destination, isEncrypted ? 443 : 80)
    forward(incoming, response, { ...target, ...admitted, authority, through: { agent } })
  }

  const onUpgrade = async (incoming: IncomingMessage, head: Buffer): Promise<void> => {
    const { socket } = incoming
    const connection = served.get(socket)
    if (!connection) return void socket.destroy()
    const { admission, isEncrypted, open } = connection
    connection.requests++
    const target = hasBody(incoming)
      ? 'an upgrade request with a body is not carried'
      : read(incoming, connection)
    if (typeof target === 'string') return refuseAll(connection, socket, target)
    const held = holdClient(socket, head, limits.earlyBytes)
    const { gone } = held
    const admitted = await exchanges.admit(incoming, { ...target, admission, isEncrypted, gone })
    const early = held.release()
    if ('text' in admitted) return endClient(socket, refusalResponse(admitted), limits.lingerMs)
    const authority = authorityText(target.destination, isEncrypted ? 443 : 80)
    forwardUpgrade({
      ...{ incoming, client: socket, early, idleMs: limits.idleMs },
      upstream: { ...target, ...admitted, authority, through: { createConnection: open } },
      done: () => admission.route.close(),
    })
  }

  const guard = (work: Promise<void>, { socket }: IncomingMessage): void => {
    work.catch((cause: unknown) => {
      log.error('a request failed inside the gateway', cause)
      socket.destroy()
    })
  }
  server.on('request', (incoming, response) => guard(onRequest(incoming, response), incoming))
  server.on('upgrade', (incoming, _socket, head) => guard(onUpgrade(incoming, head), incoming))
  // A tunnel inside a tunnel would lead to a host nobody decided on.
  server.on('connect', ({ socket }) => {
    const connection = served.get(socket)
    if (connection) refuseAll(connection, socket, 'it asks a host for a tunnel of its own')
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const connection = served.get(socket)
    if (!connection || !error.code?.startsWith('HPE_')) return void socket.destroy()
    const reason =
      error.code === 'HPE_HEADER_OVERFLOW' ? 'its head is too large' : 'it is not well-formed HTTP'
    refuseAll(connection, socket, reason)
  })

  return {
    serve: async (stream, connection) => {
      const { admission, upstream, isEncrypted } = connection
      const certificates = isEncrypted ? await trusted() : ''
      const host = connection.host ?? admission.route.destination.host
      let first: Socket | null = upstream
      const open = (): Socket => {
        const socket = first ?? admission.route.take()
        first = null
        // It was paused while the opening was read.
        return isEncrypted ? connectTls(socket, host, certificates) : socket.resume()
      }
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const gone = new AbortController()
      const entry: Served = { ...connection, agent, open, gone: gone.signal, requests: 0 }
      agent.createConnection = () => {
        const socket = open()
        // A client that is not told would send its next request into nothing.
        const leave = (): void => {
          if (entry.requests > 0) return
          socket.destroy()
          stream.end()
        }
        socket.on('end', leave).on('close', leave)
        return socket
      }
      served.set(stream, entry)
      stream.once('close', () => {
        gone.abort()
        agent.destroy()
        admission.route.close()
      })
      server.emit('connection', stream)
      stream.resume()
    },
  }
}
