import { create } from 'zustand'
import type { SessionChange } from '../../shared/contract/api.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import { isDrift } from '../../shared/domain/isolation.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import { follow } from './live.ts'

interface SessionsState {
  readonly status: 'loading' | 'ready'
  readonly byId: ReadonlyMap<SessionId, Session>
  /** Wall clock since when the list may be out of date; null while it is followed. */
  readonly staleSinceMs: number | null
}

export const useSessions = create<SessionsState>(() => ({
  status: 'loading',
  byId: new Map(),
  staleSinceMs: null,
}))

export const followSessions = (): (() => void) =>
  follow<Session[], SessionChange>((api, onFrame) => api.session.list(null, onFrame), {
    snapshot: (sessions) =>
      useSessions.setState({
        status: 'ready',
        byId: new Map(sessions.map((session) => [session.id, session])),
        staleSinceMs: null,
      }),
    delta: (change) => {
      const byId = new Map(useSessions.getState().byId)
      if (change.type === 'set') byId.set(change.session.id, change.session)
      else byId.delete(change.id)
      useSessions.setState({ byId })
    },
    lost: () => {
      const { status, staleSinceMs } = useSessions.getState()
      if (status === 'ready' && staleSinceMs === null)
        useSessions.setState({ staleSinceMs: Date.now() })
    },
  })

/** 3: drift · 2: unconfined · 1: something open or not proven · 0: all as asked. */
export function severityOf({ axes, spec }: Session): number {
  if (axes.some(isDrift)) return 3
  if (spec.level === 'unconfined') return 2
  return axes.some((axis) => axis.proven !== 'enforced') ? 1 : 0
}

/** Worst axis first, then newest: what needs a look stands on top. */
export function groupSessions(byId: ReadonlyMap<SessionId, Session>): {
  live: Session[]
  past: Session[]
} {
  const all = [...byId.values()]
  return {
    live: all
      .filter(isLive)
      .sort((a, b) => severityOf(b) - severityOf(a) || b.createdAtMs - a.createdAtMs),
    past: all.filter((item) => !isLive(item)).sort((a, b) => b.createdAtMs - a.createdAtMs),
  }
}
