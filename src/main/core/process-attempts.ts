import type { ProcessKey } from '../../shared/domain/process.ts'
import type { ProcessAttempt } from '../../shared/domain/process-details.ts'
import type { SessionState } from '../../shared/projection.ts'

const MAX_ATTEMPTS = 200

/** Connections a process asked for, newest first, each with the prompt it caused. */
export function attemptsOf(state: SessionState | null, key: ProcessKey): ProcessAttempt[] {
  if (!state) return []
  const requests = [...state.pending, ...state.answered.map(({ request }) => request)]
  return [...state.network.values()]
    .filter(({ requester }) => requester?.process.key === key)
    .slice(-MAX_ATTEMPTS)
    .reverse()
    .map((entry) => ({
      atMs: entry.requestedAtMs,
      host: entry.destination.host,
      port: entry.destination.port,
      action: entry.decision?.action ?? null,
      promptId: requests.find((request) => request.connections.includes(entry.id))?.id ?? null,
    }))
}
