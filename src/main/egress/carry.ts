import { isIP, type Socket } from 'node:net'
import { canonicalHost } from '../core/policy/host-name.ts'
import type { EgressOptions } from '../core/egress-port.ts'
import type { Log } from '../core/ports.ts'
import type { OpenAdmission } from './admission.ts'
import type { Exchanges } from './exchange.ts'
import type { EgressLimits } from './limits.ts'
import { type Opening, readOpening } from './opening.ts'
import { createReadable } from './readable.ts'
import { reconsider } from './reconsider.ts'
import { decidedBy } from './refusal.ts'
import { answerTls, NOT_ACCEPTED } from './tls/inspect.ts'
import { openTunnel } from './tunnel.ts'

/** Takes a client whose connection is open, with what it sent meanwhile, to its end. */
export type Carry = (client: Socket, early: Buffer, admission: OpenAdmission) => void

export interface CarryParts {
  readonly limits: EgressLimits
  readonly log: Log
  /** PEM of what this machine trusts. */
  readonly trusted: () => Promise<string>
}

/**
 * The last look at a tunnel before bytes go out: what it carries and whom that asks for must be what
 * was decided on. TLS is looked into where a rule or a stand-in wants it; HTTP in the clear always.
 */
export function createCarry(
  session: EgressOptions,
  exchanges: Exchanges,
  parts: CarryParts,
): Carry {
  const { limits, log } = parts
  const readable = createReadable(session, exchanges, parts)

  const carry: Carry = (client, early, admission) => {
    const { route } = admission
    const gone = new AbortController()
    client.once('close', () => gone.abort())
    const run = async (): Promise<void> => {
      const upstream = route.take()
      const { opening, sent } = await readOpening({
        ...{ client, upstream, early },
        timeoutMs: limits.headMs,
      })
      const refusal = await judge(opening, admission, gone.signal)
      const isInspected = opening.kind === 'tls' && refusal === null && looksInside(admission)
      session.report({
        type: 'net/carried',
        connectionId: route.connectionId,
        carries: opening.kind === 'damaged' ? 'other' : opening.kind,
        name: opening.kind === 'tls' ? opening.name : null,
        isInspected,
      })
      if (refusal !== null) return refuse(client, admission, refusal)
      if (isInspected || opening.kind === 'http') {
        client.unshift(sent)
        const name = opening.kind === 'tls' ? opening.name : null
        await exchange(client, upstream, name, isInspected, admission)
        return
      }
      openTunnel({
        ...{ client, upstream, toUpstream: sent, toClient: Buffer.alloc(0) },
        idleMs: limits.idleMs,
        done: () => route.close(),
      })
    }
    run().catch((cause: unknown) => {
      log.error('a connection failed inside the gateway', cause)
      client.destroy()
      route.close()
    })
  }

  /** A sentence when what shows is not what was decided on. */
  const judge = async (
    opening: Opening,
    admission: OpenAdmission,
    gone: AbortSignal,
  ): Promise<string | null> => {
    if (opening.kind === 'damaged') return opening.reason
    const { destination } = admission.route
    const carries = opening.kind === 'tls' ? 'https' : opening.kind
    admission.learn({ carries })
    const decision = await reconsider(session, admission, { carries }, gone)
    if (decision) return `it carries ${CARRIES[carries]}: ${decidedBy(decision)}`
    if (opening.kind !== 'tls' || opening.name === null) return null
    const name = canonicalHost(opening.name)
    if (!name.ok) return 'its TLS asks for something that is no host'
    if (name.value === destination.host) return null
    const ruled = session.ruled({ ...destination, host: name.value }, admission.requester, {
      carries,
    })
    if (ruled !== 'ask' && ruled.action === 'allow') return null
    // An address has many names; only one that is denied is not behind it.
    const isDenied = ruled !== 'ask' && ruled.by.kind === 'rule'
    if (isIP(destination.host) !== 0 && !isDenied) return null
    return `its TLS asks for ${name.value}, which is not allowed`
  }

  const looksInside = ({ route: { destination }, requester }: OpenAdmission): boolean =>
    session.inspection !== null && session.looksInside(destination, requester)

  const refuse = (client: Socket, { route }: OpenAdmission, reason: string): void => {
    session.report({ type: 'net/refused', connectionId: route.connectionId, reason })
    client.resetAndDestroy()
    route.close()
  }

  const exchange = async (
    client: Socket,
    upstream: Socket,
    name: string | null,
    isEncrypted: boolean,
    admission: OpenAdmission,
  ): Promise<void> => {
    const { route } = admission
    const connection = { upstream, admission, isEncrypted, host: name }
    if (!isEncrypted || !session.inspection) return readable.serve(client, connection)
    const stream = await answerTls(client, name ?? route.destination.host, session.inspection)
    let isSecure = false
    stream.on('secure', () => {
      isSecure = true
    })
    stream.on('error', () => undefined)
    stream.on('close', () => {
      if (!isSecure && !upstream.destroyed) refuse(client, admission, NOT_ACCEPTED)
    })
    await readable.serve(stream, connection)
  }

  return carry
}

const CARRIES = { https: 'TLS', http: 'plain HTTP', other: 'neither TLS nor HTTP' } as const
