import type { AuditEntry } from '../../../src/shared/domain/audit.ts'
import type { Destination } from '../../../src/shared/domain/policy.ts'
import type { Session } from '../../../src/shared/domain/session.ts'
import { eventsOf } from './events.ts'

/** The entries that the made-up sessions would have made, the newest first. */
export function auditOf(sessions: readonly Session[]): AuditEntry[] {
  const entries: Omit<AuditEntry, 'n'>[] = []
  for (const session of sessions) {
    const destinations = new Map<string, Destination>()
    for (const { fact, atMs } of eventsOf(session)) {
      if (fact.type === 'net/requested') destinations.set(fact.connectionId, fact.destination)
      if (!['session/created', 'session/ended', 'net/decided'].includes(fact.type)) continue
      const destination =
        fact.type === 'net/decided' ? (destinations.get(fact.connectionId) ?? null) : null
      entries.push({
        ...{ atMs, sessionId: session.id, title: session.title, fact, destination },
        ...{ workspace: session.spec.workspace, program: destination ? 'claude' : null },
      })
    }
  }
  return entries
    .sort((a, b) => a.atMs - b.atMs)
    .map((entry, index) => ({ n: index + 1, ...entry }))
    .reverse()
}
