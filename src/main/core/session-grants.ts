import type { Rule } from '../../shared/domain/policy.ts'
import type { Session } from '../../shared/domain/session.ts'
import type { NewId } from './ids.ts'

/** The hosts a session was granted, and those it never reaches, as rules for as long as it runs. */
export function grantedRules({ id, spec }: Session, newId: NewId, atMs: number): Rule[] {
  const asked = [
    ...spec.grants.map((host) => ({ host, action: 'allow' as const })),
    ...spec.denies.map((host) => ({ host, action: 'deny' as const })),
  ]
  return asked.map(({ host, action }) => ({
    ...{ id: newId('rul'), action, host, port: null },
    scope: { kind: 'session', sessionId: id },
    expiresAtMs: null,
    origin: 'agent-grant',
    createdAtMs: atMs,
  }))
}
