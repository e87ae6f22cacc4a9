import type { Decision } from '../../shared/domain/policy.ts'
import type { KnownTraffic } from '../core/policy/match.ts'
import type { EgressOptions } from '../core/egress-port.ts'
import type { OpenAdmission } from './admission.ts'

/**
 * Decides again with what is known now; null: what was decided stands. A person's word for the
 * connection holds for all it carries, a rule's only as far as the rule goes.
 */
export async function reconsider(
  session: EgressOptions,
  { route, requester, decision }: OpenAdmission,
  known: KnownTraffic,
  gone: AbortSignal,
): Promise<Decision | null> {
  const { destination, connectionId } = route
  const ruled = session.ruled(destination, requester, known)
  if (ruled !== 'ask' && ruled.by.kind === 'rule') return ruled.action === 'allow' ? null : ruled
  if (decision.by.kind === 'person') return null
  const asked = await session.decide({ connectionId, destination, requester, known, gone })
  return asked.action === 'allow' ? null : asked
}
