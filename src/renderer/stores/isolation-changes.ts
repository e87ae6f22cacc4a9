import { MACHINE_NAME, type Rule } from '../../shared/domain/policy.ts'
import type { Session } from '../../shared/domain/session.ts'
import type { SpecChanges } from '../../shared/domain/spec-changes.ts'
import { lostBy, reachedBy } from '../words/spec-changes.ts'
import { revokeRule, saveRule } from './rule-actions.ts'
import { useRules } from './rules.ts'
import { probeSession, restartSession, useActions } from './session-actions.ts'
import { setUi } from './ui.ts'

/** Stricter at once; looser only after it was said what that opens. */
export function changeIsolation({ id, spec }: Session, changes: SpecChanges): void {
  if (lostBy(spec, changes).length + reachedBy(spec, changes).length > 0)
    setUi({ confirm: { kind: 'change', id, changes } })
  else void restartSession(id, changes)
}

/** The rule that keeps every service of this machine from a session; null: each is asked about. */
export const refusalOf = ({ id }: Session, rules: readonly Rule[]): Rule | null =>
  rules.find(
    ({ scope, action, host, port }) =>
      scope.kind === 'session' &&
      scope.sessionId === id &&
      action === 'deny' &&
      host === MACHINE_NAME &&
      port === null,
  ) ?? null

/** In force at once; what is open to them is cut. */
export async function refuseServices(session: Session, isRefused: boolean): Promise<void> {
  const rule = refusalOf(session, useRules.getState().rules)
  if ((rule !== null) === isRefused) return
  if (rule) await revokeRule(rule)
  else {
    const problem = await saveRule({
      ...{ replaces: null, action: 'deny', host: MACHINE_NAME, port: null, scheme: null },
      scope: { kind: 'session', sessionId: session.id },
      ...{ forMs: null, origin: 'user' },
    })
    if (problem) return useActions.setState({ problem })
  }
  await probeSession(session.id)
}
