import { withMode } from '../../../src/shared/domain/network-mode.ts'
import type { Session } from '../../../src/shared/domain/session.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'

/** What an event changes in the list of sessions; null: nothing. */
export function changedBy(session: Session, fact: Fact): Session | null {
  if (fact.type === 'network/switched') {
    const { mode, untilMs } = fact
    return { ...session, networkNow: { mode, untilMs }, axes: withMode(session.axes, mode) }
  }
  if (fact.type === 'review/opened') return { ...session, review: 'open' }
  if (fact.type !== 'isolation/reported') return null
  return { ...session, axes: withMode(fact.axes, session.networkNow?.mode ?? 'ask') }
}
