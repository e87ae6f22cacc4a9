import type { IncomingMessage } from 'node:http'
import type { Destination } from '../../shared/domain/policy.ts'
import type { HttpExchange } from '../../shared/domain/timeline.ts'
import type { EgressOptions } from '../core/egress-port.ts'
import type { OpenAdmission } from './admission.ts'
import { reconsider } from './reconsider.ts'
import { type Refusal, refusedAsMalformed, refusedByDecision } from './refusal.ts'
import { type AnswerFilter, createAnswerFilter, swapStandIns } from './stand-ins.ts'
import { createTold } from './told.ts'

/** Bounds of what one session tells of its requests. */
const MOST_PER_SECOND = 100
const LONGEST_PATH = 500

/** A request on an open connection, before it is decided for itself. */
export interface ExchangeRequest {
  readonly admission: OpenAdmission
  /** The host as this request names it. */
  readonly destination: Destination
  /** Path and query. */
  readonly path: string
  readonly isEncrypted: boolean
  readonly gone: AbortSignal
}

/** Told how one exchange goes; `done` exactly once. */
export interface ExchangeWatch {
  /** null: there was no answer, and why. */
  answered(status: number | null, reason: string | null): void
  sent(bytes: number): void
  received(bytes: number): void
  done(): void
}

export interface AdmittedExchange {
  /** The client's headers as they may go on, names and values, flat. */
  readonly headers: readonly string[]
  /** What the answer passes through; null: nothing. */
  readonly filter: AnswerFilter | null
  readonly watch: ExchangeWatch
}

/** Decides each request that can be read, and tells of it. */
export interface Exchanges {
  admit(incoming: IncomingMessage, request: ExchangeRequest): Promise<AdmittedExchange | Refusal>
}

export function createExchanges(session: EgressOptions): Exchanges {
  const tell = createTeller(session)

  const refusalOf = async (
    { admission, destination, isEncrypted, gone }: ExchangeRequest,
    line: { readonly method: string; readonly path: string },
  ): Promise<Refusal | null> => {
    const carries = isEncrypted ? 'https' : 'http'
    if (destination.host !== admission.route.destination.host) {
      const ruled = session.ruled(destination, admission.requester, { carries })
      if (ruled !== 'ask' && ruled.action === 'deny' && ruled.by.kind === 'rule')
        return refusedByDecision(destination, ruled)
    }
    const known = { carries, request: line, looksInside: isEncrypted } as const
    const denied = await reconsider(session, admission, known, gone)
    return denied && refusedByDecision(admission.route.destination, denied)
  }

  return {
    admit: async (incoming, request) => {
      const { admission, destination, isEncrypted, path } = request
      const line = { method: incoming.method ?? '', path: path.split('?')[0] ?? '' }
      const begun = { connectionId: admission.route.connectionId, line, atMs: performance.now() }
      const refuse = (refusal: Refusal): Refusal => {
        tell(begun, { status: refusal.status, refusal: refusal.text, standIns: [] })
        return refusal
      }
      const refusal = await refusalOf(request, line)
      if (refusal) return refuse(refusal)
      const asked = { headers: incoming.rawHeaders, url: path }
      const swapped = swapStandIns(asked, destination.host, isEncrypted, session.standIns)
      if (typeof swapped === 'string') return refuse(refusedAsMalformed(swapped, 403))
      const isSwapped = swapped.used.length > 0

      const outcome: Outcome = { status: null, refusal: null, bytesUp: 0, bytesDown: 0 }
      return {
        headers: isSwapped ? uncompressed(swapped.headers) : swapped.headers,
        filter: isSwapped ? createAnswerFilter(swapped.used) : null,
        watch: {
          answered: (status, reason) => {
            outcome.status ??= status
            outcome.refusal ??= reason
          },
          sent: (bytes) => {
            outcome.bytesUp += bytes
          },
          received: (bytes) => {
            outcome.bytesDown += bytes
          },
          done: () => tell(begun, { ...outcome, standIns: swapped.used.map(({ name }) => name) }),
        },
      }
    },
  }
}

interface Outcome {
  status: number | null
  refusal: string | null
  bytesUp: number
  bytesDown: number
}

interface Begun {
  readonly connectionId: OpenAdmission['route']['connectionId']
  readonly line: { readonly method: string; readonly path: string }
  readonly atMs: number
}

function createTeller({ report }: Pick<EgressOptions, 'report'>) {
  const told = createTold(MOST_PER_SECOND)
  return (
    { connectionId, line, atMs }: Begun,
    outcome: Pick<HttpExchange, 'status' | 'refusal' | 'standIns'> & Partial<Outcome>,
  ): void => {
    const omitted = told()
    if (omitted === null) return
    const exchange: HttpExchange = {
      ...{ bytesUp: 0, bytesDown: 0, ...outcome },
      method: line.method,
      path: line.path.slice(0, LONGEST_PATH),
      durationMs: Math.round(performance.now() - atMs),
      omitted,
    }
    report({ type: 'net/exchange', connectionId, exchange })
  }
}

/** What comes back compressed cannot be searched for the value that was put in. */
function uncompressed(headers: readonly string[]): string[] {
  const kept = headers.flatMap((name, i) =>
    i % 2 === 0 && name.toLowerCase() !== 'accept-encoding' ? [name, headers[i + 1] ?? ''] : [],
  )
  return [...kept, 'Accept-Encoding', 'identity']
}
