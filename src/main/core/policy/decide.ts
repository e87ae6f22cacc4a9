import type { Decision, Destination, Rule } from '../../../shared/domain/policy.ts'
import type { NetworkMode } from '../../../shared/domain/network-mode.ts'
import { bitsOf, isRange } from './address-range.ts'
import { type KnownTraffic, ruleCovers } from './match.ts'
import { isOwnNetwork } from './own-networks.ts'
import { type Asker, isInScope, SCOPE_ORDER } from './scope.ts'

export interface RuleQuestion extends Asker {
  /** Canonical. */
  readonly destination: Destination
  readonly known?: KnownTraffic
  /** Every rule in force, in any order; rules of other sessions and workspaces are passed over. */
  readonly rules: readonly Rule[]
  /** What happens when no rule covers the destination; `closed`: whatever rules say. */
  readonly otherwise: NetworkMode
}

/**
 * Deny wins. Among allow and ask the most specific wins, and ask wins a tie: a person who wants to be
 * asked about one host of an allowed domain is. The most specific rule explains.
 */
export function decideByRules(question: RuleQuestion): Decision | 'ask' {
  if (question.otherwise === 'closed')
    return byDefault('deny', 'the network of this session is closed')
  const covering = question.rules.filter(
    (rule) => isInScope(rule, question) && ruleCovers(rule, question.destination, question.known),
  )
  const sorted = covering.sort(bySpecificity)
  const rule = sorted.find(({ action }) => action === 'deny') ?? sorted[0]
  if (rule && rule.action !== 'ask')
    return { action: rule.action, by: { kind: 'rule', ruleId: rule.id } }
  if (question.otherwise === 'listed')
    return byDefault('deny', 'no rule allows it, and this session does not ask')
  if (question.otherwise === 'ask' || rule || isOwnNetwork(question.destination.host)) return 'ask'
  return byDefault('allow', 'the network of this session is open')
}

const byDefault = (action: Decision['action'], reason: string): Decision => ({
  action,
  by: { kind: 'default', reason },
})

/** One host before many, fewer before more, one port before every port, narrow scope first. */
export function bySpecificity(a: Rule, b: Rule): number {
  const isMany = ({ host }: Rule): number => (host.startsWith('*.') || isRange(host) ? 1 : 0)
  const width = ({ host }: Rule): number => (isRange(host) ? -bitsOf(host) : -host.length)
  return (
    isMany(a) - isMany(b) ||
    width(a) - width(b) ||
    (a.port === null ? 1 : 0) - (b.port === null ? 1 : 0) ||
    (a.request ? 0 : 1) - (b.request ? 0 : 1) ||
    (a.scheme ? 0 : 1) - (b.scheme ? 0 : 1) ||
    (a.action === 'ask' ? 0 : 1) - (b.action === 'ask' ? 0 : 1) ||
    SCOPE_ORDER[a.scope.kind] - SCOPE_ORDER[b.scope.kind] ||
    (a.id < b.id ? -1 : 1)
  )
}
