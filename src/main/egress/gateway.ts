import type { Server, Socket } from 'node:net'
import type { EgressGateway, EgressHandle, EgressOptions } from '../core/egress-port.ts'
import type { Log, SandboxNetwork } from '../core/ports.ts'
import { type Classify, classifyAddress } from './addresses.ts'
import { createAdmissions } from './admission.ts'
import { createAttribution } from './attribution.ts'
import { type CarryParts, createCarry } from './carry.ts'
import { createDirectFront } from './direct/front.ts'
import { createExchanges } from './exchange.ts'
import { createHttpFront, type EgressClient } from './http.ts'
import { DEFAULT_LIMITS, type EgressLimits } from './limits.ts'
import { createSystemResolve, type Dial, dialAddresses, type Resolve } from './network.ts'
import { readOwnPorts } from './own-ports.ts'
import { createQuestionDesk } from './question-desk.ts'
import { createSocksFront } from './socks5.ts'
import { SOCKS_VERSION } from './socks5-wire.ts'
import { readMachineTrust } from './tls/machine-trust.ts'

export interface EgressGatewayOptions {
  readonly log: Log
  /** Default: the machine's own resolver. */
  readonly resolve?: Resolve
  /** Default: TCP to the checked addresses. */
  readonly dial?: Dial
  /** Default: the built-in table and this machine's interfaces. */
  readonly classify?: Classify
  /** Default: what this process and the one that started it listen on. */
  readonly ownPorts?: () => ReadonlySet<number>
  readonly limits?: Partial<EgressLimits>
  /** Default: what this machine's programs trust. */
  readonly trusted?: CarryParts['trusted']
}

/**
 * The only way out of a sandbox. One mixed port for proxies: a first byte of 0x05 is SOCKS5,
 * anything else HTTP. Programs that know no proxy come by the direct way. Each `serve` is a gateway
 * of its own; nothing is shared between two but the resolver.
 */
export function createEgressGateway(options: EgressGatewayOptions): EgressGateway {
  const parts = {
    log: options.log,
    resolve: options.resolve ?? createSystemResolve(),
    dial: options.dial ?? dialAddresses,
    classify: options.classify ?? ((address) => classifyAddress(address)),
    ownPorts: options.ownPorts ?? readOwnPorts,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    trusted: options.trusted ?? (async () => (await readMachineTrust(process.env)).certificates),
  }
  return {
    // Only sessions that look into TLS pay for what makes certificates.
    createInspection: async () => (await import('./tls/authority.ts')).createAuthority(),
    serve: (network, session) => serve(network, session, parts),
  }
}

function serve(
  { proxy, direct, sockets }: SandboxNetwork,
  session: EgressOptions,
  parts: Parameters<typeof createAdmissions>[1] & CarryParts,
): EgressHandle {
  const { limits, log } = parts
  const clients = new Set<Socket>()
  const attribute = createAttribution({ ...session, sockets })
  const admissions = createAdmissions(session, parts)
  const exchanges = createExchanges(session)
  const carry = createCarry(session, exchanges, parts)
  const desk = createQuestionDesk(session.bring, admissions.malformed, { limits, log })
  const http = createHttpFront(admissions, exchanges, carry, desk, { limits, log })
  const socks = createSocksFront(admissions, carry, { limits, log })
  const directFront = direct && createDirectFront(direct, admissions, carry, limits, session)

  const own = (socket: Socket): EgressClient => {
    const requester = attribute(socket)
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    // Whoever holds the socket sees it close; an error on its own is no news.
    socket.on('error', () => undefined)
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    socket.setTimeout(limits.idleMs, () => socket.destroy())
    return { socket, requester }
  }
  const serveOn = (listener: Server, accept: (client: EgressClient) => void): void => {
    listener.maxConnections = limits.connections
    // A probe's own connection is ended before it comes here.
    listener.on('connection', (socket) => {
      if (!socket.destroyed) accept(own(socket))
    })
    listener.on('error', (cause) => log.error('the egress listener failed', cause))
  }
  serveOn(proxy, (client) =>
    firstByte(client.socket, limits.headMs, (byte) => {
      const front = byte === SOCKS_VERSION ? socks : http
      front.accept(client)
    }),
  )
  const listeners = [proxy, ...(direct?.listeners ?? [])]
  if (directFront) for (const listener of direct.listeners) serveOn(listener, directFront.accept)

  return {
    cut: admissions.cut,
    close: async () => {
      const closed = listeners.map(
        (listener) => new Promise<void>((resolve) => listener.close(() => resolve())),
      )
      for (const socket of clients) socket.destroy()
      await directFront?.close()
      sockets?.close()
      await admissions.drained()
      await Promise.all(closed)
    },
  }
}

/** Looks at the first byte and puts it back; the socket is paused when `found` is called. */
function firstByte(socket: Socket, timeoutMs: number, found: (byte: number) => void): void {
  const giveUp = (): void => void socket.destroy()
  const timer = setTimeout(giveUp, timeoutMs)
  socket.once('close', () => clearTimeout(timer))
  socket.once('end', giveUp)
  socket.once('data', (chunk: Buffer) => {
    clearTimeout(timer)
    socket.off('end', giveUp)
    socket.pause()
    socket.unshift(chunk)
    found(chunk[0] ?? 0)
  })
}
