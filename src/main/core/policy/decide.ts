import type { Decision, Destination, Rule } from '../../../shared/domain/policy.ts'
import { ruleCovers } from './match.ts'
import { type Asker, isInScope, SCOPE_ORDER } from './scope.ts'

export interface RuleQuestion extends Asker {
  /** Canonical. */
  readonly destination: Destination
  /** Every rule in force, in any order; rules of other sessions and workspaces are passed over. */
  readonly rules: readonly Rule[]
  /** What happens when no rule covers the destination. */
  readonly sessionDefault: 'ask' | 'deny'
}

/** Deny wins over allow; among several of one action the most specific one explains. */
export function decideByRules(question: RuleQuestion): Decision | 'ask' {
  const covering = question.rules.filter(
    (rule) => isInScope(rule, question) && ruleCovers(rule, question.destination),
  )
  for (const action of ['deny', 'allow'] as const) {
    const [rule] = covering.filter((item) => item.action === action).sort(bySpecificity)
    if (rule) return { action, by: { kind: 'rule', ruleId: rule.id } }
  }
  if (question.sessionDefault === 'ask') return 'ask'
  return {
    action: 'deny',
    by: { kind: 'default', reason: 'no rule allows it, and this session does not ask' },
  }
}

/** Exact host before wildcard, longer before shorter, one port before every port, narrow scope first. */
function bySpecificity(a: Rule, b: Rule): number {
  const isWild = (rule: Rule): number => (rule.host.startsWith('*.') ? 1 : 0)
  return (
    isWild(a) - isWild(b) ||
    b.host.length - a.host.length ||
    (a.port === null ? 1 : 0) - (b.port === null ? 1 : 0) ||
    SCOPE_ORDER[a.scope.kind] - SCOPE_ORDER[b.scope.kind] ||
    (a.id < b.id ? -1 : 1)
  )
}
