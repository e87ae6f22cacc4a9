import type { Rule } from '../../../shared/domain/policy.ts'
import type { SessionState } from '../../../shared/projection.ts'
import { ruleCovers } from './match.ts'
import { isInScope } from './scope.ts'

/** Pure: how many connections asked for so far the rule speaks of, whatever became of them. */
export function countCovered(rule: Rule, states: readonly SessionState[]): number {
  let count = 0
  for (const { session, network } of states) {
    if (!session) continue
    const { id: sessionId, spec } = session
    for (const { destination, requester } of network.values()) {
      const asker = { sessionId, workspace: spec.workspace, requester }
      if (isInScope(rule, asker) && ruleCovers(rule, destination)) count++
    }
  }
  return count
}
