import type { ConnectionId } from '../../shared/domain/ids.ts'
import type { Decision, Destination, Requester } from '../../shared/domain/policy.ts'
import { newId } from '../core/ids.ts'
import type { KnownTraffic } from '../core/policy/match.ts'
import type { CutMatch, EgressOptions } from '../core/egress-port.ts'
import type { Log } from '../core/ports.ts'
import type { Classify } from './addresses.ts'
import { type ConnectFailure, connected } from './connecting.ts'
import type { EgressLimits } from './limits.ts'
import type { Dial, Resolve } from './network.ts'
import { createRoute, type Route } from './route.ts'
import { createTold } from './told.ts'
import { reachVerdict } from './verdict.ts'

export interface AdmissionParts {
  readonly resolve: Resolve
  readonly dial: Dial
  readonly classify: Classify
  readonly ownPorts: () => ReadonlySet<number>
  readonly log: Log
  readonly limits: EgressLimits
}

/** Who asks, as far as one request is concerned. */
export interface Applicant {
  /** Never rejects; null when the kernel no longer knew. */
  readonly requester: Promise<Requester | null>
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal
  /** Hangs up on the client; called when a live connection is cut. */
  hangUp(): void
}

export interface OpenAdmission {
  readonly kind: 'open'
  readonly route: Route
  readonly requester: Requester | null
  /** What let its destination through; its address may have needed a decision of its own. */
  readonly decision: Decision
  /** What it turned out to be; counts for rules that come later. */
  learn(known: KnownTraffic): void
}

export type Admission =
  | OpenAdmission
  | { readonly kind: 'refused'; readonly decision: Decision }
  | { readonly kind: 'failed'; readonly failure: ConnectFailure }

/** Every connection of one sandbox passes here, whatever protocol carried it. */
export interface Admissions {
  /** Decides, resolves, checks, dials, and reports each of these. Never rejects. */
  admit(destination: Destination, applicant: Applicant): Promise<Admission>
  malformed(reason: string, requester: Applicant['requester']): Promise<void>
  cut(matches: CutMatch): number
  /** Resolves when nothing is under way; the clients must be gone. */
  drained(): Promise<void>
}

interface Live {
  readonly decidedOn: readonly Destination[]
  /** Where the name led to. */
  readonly resolved: readonly Destination[]
  readonly requester: Requester | null
  readonly known: KnownTraffic
  cut(): void
}

/** Told of in a second. */
const MOST_MALFORMED = 50

const denied = (reason: string): Decision => ({ action: 'deny', by: { kind: 'default', reason } })
const HUNG_UP = denied('the client hung up')
const TOO_MANY = denied('too many connections wait for an answer already')
const FAULT = denied('the decision could not be made')

export function createAdmissions(options: EgressOptions, parts: AdmissionParts): Admissions {
  const { report } = options
  const live = new Map<ConnectionId, Live>()
  const underWay = new Set<Promise<unknown>>()
  const toldMalformed = createTold(MOST_MALFORMED)
  let held = 0

  const decide = async (
    request: Omit<Parameters<EgressOptions['decide']>[0], 'gone'>,
    gone: AbortSignal,
  ): Promise<Decision> => {
    if (gone.aborted) return HUNG_UP
    if (held >= parts.limits.held) return TOO_MANY
    held++
    try {
      const decision = await Promise.race([options.decide({ ...request, gone }), hangUp(gone)])
      return gone.aborted ? HUNG_UP : decision
    } catch (cause) {
      parts.log.error('a decision failed; the connection is denied', cause)
      return FAULT
    } finally {
      held--
    }
  }

  const run = async (destination: Destination, applicant: Applicant): Promise<Admission> => {
    const connectionId = newId('con')
    const requester = await applicant.requester
    report({ type: 'net/requested', connectionId, destination, requester })
    const verdict = await reachVerdict(destination, {
      ...parts,
      resolveMs: parts.limits.resolveMs,
      abort: applicant.gone,
      decide: (item) => decide({ connectionId, destination: item, requester }, applicant.gone),
      denies: (item) => {
        const ruled = options.ruled(item, requester)
        return ruled !== 'ask' && ruled.action === 'deny' && ruled.by.kind === 'rule' ? ruled : null
      },
    })
    const { decision, addresses } = verdict
    report({ type: 'net/decided', connectionId, decision })
    if (decision.action === 'deny') return { kind: 'refused', decision }
    const failed = (failure: ConnectFailure): Admission => {
      report({ type: 'net/failed', connectionId, reason: failure.reason })
      return { kind: 'failed', failure }
    }
    if (!addresses.ok) return failed(addresses.error)

    const stop = new AbortController()
    const leave = (): void => stop.abort()
    applicant.gone.addEventListener('abort', leave)
    if (applicant.gone.aborted) leave()
    const { decidedOn } = verdict
    const resolved = addresses.value.map((host) => ({ ...destination, host }))
    const known = { decidedOn, resolved, requester, known: {} }
    live.set(connectionId, { ...known, cut: leave })
    const dial = () => parts.dial(addresses.value, destination.port)
    const dialled = await connected(dial(), parts.limits.dialMs, stop.signal)
    applicant.gone.removeEventListener('abort', leave)
    if (!dialled.ok) {
      live.delete(connectionId)
      return failed(dialled.error)
    }
    const route = createRoute({
      connectionId,
      destination,
      first: dialled.value,
      dial,
      report,
      onClosed: () => live.delete(connectionId),
    })
    const cut = (): void => {
      route.close()
      applicant.hangUp()
    }
    live.set(connectionId, { ...known, cut })
    const address = dialled.value.remoteAddress ?? addresses.value[0] ?? ''
    report({ type: 'net/opened', connectionId, address })
    const learn = (traffic: KnownTraffic): void => {
      if (live.has(connectionId)) live.set(connectionId, { ...known, known: traffic, cut })
    }
    return { kind: 'open', route, requester, decision: verdict.ofDestination, learn }
  }

  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
    return work
  }

  return {
    admit: (destination, applicant) =>
      track(
        run(destination, applicant).catch((cause: unknown): Admission => {
          parts.log.error('a connection failed inside the gateway; it is denied', cause)
          return { kind: 'refused', decision: FAULT }
        }),
      ),
    malformed: (reason, requester) =>
      track(
        requester.then((known) => {
          const omitted = toldMalformed()
          if (omitted !== null) report({ type: 'net/malformed', reason, requester: known, omitted })
        }),
      ),
    cut: (matches) => {
      const hit = [...live.values()].filter(
        ({ decidedOn, resolved, requester, known }) =>
          decidedOn.some((destination) => matches(destination, requester, false, known)) ||
          resolved.some((destination) => matches(destination, requester, true, known)),
      )
      for (const item of hit) item.cut()
      return hit.length
    },
    drained: async () => {
      await Promise.allSettled([...underWay])
      for (const item of [...live.values()]) item.cut()
    },
  }
}

function hangUp(gone: AbortSignal): Promise<Decision> {
  return new Promise((resolve) => {
    gone.addEventListener('abort', () => resolve(HUNG_UP), { once: true })
  })
}
