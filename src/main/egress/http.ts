import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Destination } from '../../shared/domain/policy.ts'
import type { Log } from '../core/ports.ts'
import type { Admission, Admissions, Applicant, OpenAdmission } from './admission.ts'
import type { Carry } from './carry.ts'
import { destinationText, type ProxyTarget } from './destination.ts'
import { holdClient } from './held-client.ts'
import type { Exchanges } from './exchange.ts'
import { forward, forwardUpgrade, refuse, type Upstream } from './http-forward.ts'
import { authorityText, hasBody, readConnect, readRequest } from './http-head.ts'
import type { EgressLimits } from './limits.ts'
import { isForDesk, type QuestionDesk } from './question-desk.ts'
import {
  endClient,
  failedToConnect,
  type Refusal,
  refusalResponse,
  refusedAsMalformed,
  refusedByDecision,
} from './refusal.ts'

/** One accepted connection of the sandbox. */
export interface EgressClient {
  readonly socket: Socket
  readonly requester: Applicant['requester']
}

interface HttpClient extends EgressClient {
  readonly gone: AbortController
  /** An allow holds for this client connection: host and port to the admission under way or open. */
  readonly admissions: Map<string, Promise<Admission>>
  requests: number
  /** Hangs up on a client that does not finish its next head. */
  watch: NodeJS.Timeout
}

/**
 * The HTTP side of the gateway: CONNECT, absolute-form requests and upgrades. Node's own strict
 * parser reads the heads; what goes upstream is written anew, never copied.
 */
export function createHttpFront(
  admissions: Admissions,
  exchanges: Exchanges,
  carry: Carry,
  desk: QuestionDesk,
  { limits, log }: { readonly limits: EgressLimits; readonly log: Log },
): { accept(client: EgressClient): void } {
  const clients = new WeakMap<Socket, HttpClient>()
  const server = createServer({
    maxHeaderSize: limits.headBytes,
    insecureHTTPParser: false,
    // CONNECT needs none; where there is one it is compared.
    requireHostHeader: false,
    keepAliveTimeout: 0,
  })
  // One more than allowed, so that too many can be told from just enough.
  server.maxHeadersCount = limits.headers + 1

  const watchHead = (socket: Socket, ms: number): NodeJS.Timeout =>
    setTimeout(() => socket.destroy(), ms)

  const malformed = (client: EgressClient, reason: string): Refusal => {
    void admissions.malformed(reason, client.requester)
    return refusedAsMalformed(reason)
  }

  const applicant = (client: EgressClient, gone: AbortSignal): Applicant => ({
    requester: client.requester,
    gone,
    hangUp: () => client.socket.destroy(),
  })

  const admitOnce = (client: HttpClient, destination: Destination): Promise<Admission> => {
    const key = destinationText(destination)
    const known = client.admissions.get(key)
    if (known) return known
    const admission = admissions.admit(destination, applicant(client, client.gone.signal))
    client.admissions.set(key, admission)
    void admission.then((result) => {
      if (result.kind !== 'open') client.admissions.delete(key)
      else if (client.socket.destroyed) result.route.close()
      else client.socket.once('close', () => result.route.close())
    })
    return admission
  }

  const onRequest = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const client = clients.get(incoming.socket)
    if (!client) return void incoming.socket.destroy()
    clearTimeout(client.watch)
    client.requests++
    response.on('close', () => {
      client.requests--
      if (client.requests === 0 && !client.socket.destroyed)
        client.watch = watchHead(client.socket, limits.keepAliveMs)
    })
    const target = readRequest(incoming, limits.headers)
    if (!target.ok) return refuse(response, malformed(client, target.error))
    if (isForDesk(target.value.destination)) return desk.answer(incoming, response, client)
    const admission = await admitOnce(client, target.value.destination)
    if (response.destroyed) return
    if (admission.kind !== 'open')
      return refuse(response, refusalOf(target.value.destination, admission))
    const upstream = await admitRequest(incoming, target.value, admission, client.gone.signal)
    if (response.destroyed) return
    if ('text' in upstream) refuse(response, upstream)
    else forward(incoming, response, upstream)
  }

  /** An open connection is not yet a request that may be sent on it. */
  const admitRequest = async (
    incoming: IncomingMessage,
    target: ProxyTarget,
    admission: OpenAdmission,
    gone: AbortSignal,
  ): Promise<Upstream | Refusal> => {
    const request = { ...target, admission, isEncrypted: false, gone }
    const admitted = await exchanges.admit(incoming, request)
    if ('text' in admitted) return admitted
    return {
      ...target,
      ...admitted,
      authority: authorityText(target.destination, 80),
      through: { createConnection: () => admission.route.take() },
    }
  }

  /** Takes the socket from the HTTP server for good; what follows is a tunnel or a refusal. */
  const detach = (socket: Socket): HttpClient | null => {
    const client = clients.get(socket)
    if (!client) socket.destroy()
    else clearTimeout(client.watch)
    return client ?? null
  }

  const onConnect = async (incoming: IncomingMessage, head: Buffer): Promise<void> => {
    const client = detach(incoming.socket)
    if (!client) return
    const { socket } = client
    const hangUpWith = (refusal: Refusal): void =>
      endClient(socket, refusalResponse(refusal), limits.lingerMs)
    const destination = readConnect(incoming, limits.headers)
    if (!destination.ok) return hangUpWith(malformed(client, destination.error))
    if (isForDesk(destination.value)) return desk.tunnel(client, head)
    const held = holdClient(socket, head, limits.earlyBytes)
    const admission = await admissions.admit(destination.value, applicant(client, held.gone))
    const early = held.release()
    if (admission.kind !== 'open') return hangUpWith(refusalOf(destination.value, admission))
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    carry(socket, early, admission)
  }

  const onUpgrade = async (incoming: IncomingMessage, head: Buffer): Promise<void> => {
    const client = detach(incoming.socket)
    if (!client) return
    const { socket } = client
    const hangUpWith = (refusal: Refusal): void =>
      endClient(socket, refusalResponse(refusal), limits.lingerMs)
    const target = readUpgrade(incoming, limits)
    if (typeof target === 'string') return hangUpWith(malformed(client, target))
    const held = holdClient(socket, head, limits.earlyBytes)
    const admission = await admissions.admit(target.destination, applicant(client, held.gone))
    const early = held.release()
    if (admission.kind !== 'open') return hangUpWith(refusalOf(target.destination, admission))
    const upstream = await admitRequest(incoming, target, admission, client.gone.signal)
    if ('text' in upstream) {
      admission.route.close()
      return hangUpWith(upstream)
    }
    const done = (): void => admission.route.close()
    forwardUpgrade({ incoming, client: socket, upstream, early, idleMs: limits.idleMs, done })
  }

  /** A fault of ours closes that client and nothing else. */
  const guard = (work: Promise<void>, { socket }: IncomingMessage): void => {
    work.catch((cause: unknown) => {
      log.error('a request failed inside the gateway', cause)
      socket.destroy()
    })
  }
  server.on('request', (incoming, response) => guard(onRequest(incoming, response), incoming))
  server.on('connect', (incoming, _socket, head) => guard(onConnect(incoming, head), incoming))
  server.on('upgrade', (incoming, _socket, head) => guard(onUpgrade(incoming, head), incoming))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const client = clients.get(socket)
    if (!client || !error.code?.startsWith('HPE_')) return void socket.destroy()
    clearTimeout(client.watch)
    const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW'
    const reason = isTooLarge ? 'its head is too large' : 'it is not a well-formed HTTP request'
    void admissions.malformed(reason, client.requester)
    endClient(
      socket,
      refusalResponse(refusedAsMalformed(reason, isTooLarge ? 431 : 400)),
      limits.lingerMs,
    )
  })

  return {
    accept: ({ socket, requester }) => {
      const client: HttpClient = {
        socket,
        requester,
        gone: new AbortController(),
        admissions: new Map(),
        requests: 0,
        watch: watchHead(socket, limits.headMs),
      }
      clients.set(socket, client)
      socket.once('close', () => {
        clearTimeout(client.watch)
        client.gone.abort()
      })
      server.emit('connection', socket)
      socket.resume()
    },
  }
}

function readUpgrade(incoming: IncomingMessage, limits: EgressLimits): ProxyTarget | string {
  const target = readRequest(incoming, limits.headers)
  if (!target.ok) return target.error
  return hasBody(incoming) ? 'an upgrade request with a body is not carried' : target.value
}

function refusalOf(
  destination: Destination,
  admission: Exclude<Admission, { kind: 'open' }>,
): Refusal {
  return admission.kind === 'refused'
    ? refusedByDecision(destination, admission.decision)
    : failedToConnect(destination, admission.failure.reason)
}
