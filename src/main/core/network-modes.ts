import type { SessionId } from '../../shared/domain/ids.ts'
import { modeAtStart, type NetworkMode } from '../../shared/domain/network-mode.ts'
import type { Session } from '../../shared/domain/session.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { decideByRules } from './policy/decide.ts'
import type { RuleBook } from './policy/rules.ts'
import type { EgressHandle } from './egress-port.ts'
import type { Clock, Log } from './ports.ts'

export interface NetworkModesOptions {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly rules: Pick<RuleBook, 'all'>
  readonly live: ReadonlyMap<SessionId, { readonly egress: EgressHandle | null }>
  readonly get: (id: SessionId) => Session | null
  readonly report: (id: SessionId, fact: Fact) => void
  /** What waits may be decided now, and what was proven is to be proven again. */
  readonly switched: (id: SessionId) => Promise<void>
  readonly log: Log
}

/** What becomes of connections that no rule covers, for each session, as long as it runs. */
export interface NetworkModes {
  of(session: Session): NetworkMode
  /** In force at once, for live connections too. `forMs`: then it goes back to what it was. */
  set(id: SessionId, mode: NetworkMode, forMs: number | null): Promise<void>
  forget(id: SessionId): void
}

export function createNetworkModes(options: NetworkModesOptions): NetworkModes {
  const { live, get, rules, report } = options
  interface State {
    readonly mode: NetworkMode
    /** What it goes back to. */
    readonly base: NetworkMode
    readonly timer: NodeJS.Timeout | null
  }
  const states = new Map<SessionId, State>()

  const of: NetworkModes['of'] = ({ id, spec }) => states.get(id)?.mode ?? modeAtStart(spec.network)

  /** Ends what is not allowed any more. What a person allowed just once is asked about again. */
  const cut = (id: SessionId, mode: NetworkMode): void => {
    const { workspace = '' } = get(id)?.spec ?? {}
    live.get(id)?.egress?.cut((destination, requester, isResolved, known) => {
      if (mode === 'closed') return true
      if (isResolved) return false
      const asked = { destination, requester, known, sessionId: id, workspace }
      const decision = decideByRules({ ...asked, rules: rules.all(), otherwise: mode })
      return decision === 'ask' || decision.action === 'deny'
    })
  }

  const put = (
    session: Session,
    mode: NetworkMode,
    forMs: number | null,
    by: 'person' | 'clock',
  ): Promise<void> => {
    const { id } = session
    const before = of(session)
    const known = states.get(id)
    if (known?.timer) clearTimeout(known.timer)
    const base = forMs === null ? mode : known?.timer ? known.base : before
    const goBack = (): void => {
      put(session, base, null, 'clock').catch((cause: unknown) =>
        options.log.error(`session ${id} was not probed after its network was closed again`, cause),
      )
    }
    const timer = forMs === null ? null : setTimeout(goBack, forMs).unref()
    states.set(id, { mode, base, timer })
    const untilMs = forMs === null ? null : options.clock.wallMs() + forMs
    report(id, { type: 'network/switched', mode, untilMs, by })
    // Between listed and ask nothing that is open was allowed by the one and not by the other.
    if (mode === 'closed' || before === 'open') cut(id, mode)
    return options.switched(id)
  }

  return {
    of,
    set: async (id, mode, forMs) => {
      const session = get(id)
      if (session) await put(session, mode, forMs, 'person')
    },
    forget: (id) => {
      const timer = states.get(id)?.timer
      if (timer) clearTimeout(timer)
      states.delete(id)
    },
  }
}
