import type { SessionId } from '../../shared/domain/ids.ts'
import type { Decision, Rule } from '../../shared/domain/policy.ts'
import type { Session } from '../../shared/domain/session.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { decideByRules } from './policy/decide.ts'
import { ruleCovers } from './policy/match.ts'
import type { RuleBook } from './policy/rules.ts'
import { isInScope } from './policy/scope.ts'
import type { EgressHandle } from './egress-port.ts'

export interface RuleCutsOptions {
  readonly live: ReadonlyMap<SessionId, { readonly egress: EgressHandle | null }>
  readonly get: (id: SessionId) => Session | null
  readonly rules: Pick<RuleBook, 'all'>
  readonly report: (id: SessionId, fact: Fact) => void
}

/** What a change of the rules ends in sessions that run. */
export interface RuleCuts {
  /** Revoked or expired: cuts the live connections that only this rule allowed. */
  removed(rule: Rule): void
  /** Cuts the live connections that a new rule denies, or wants to be asked about. */
  added(rule: Rule): void
  /** A change by hand: both of the above, told to every session concerned. */
  edited(before: Rule | null, after: Rule | null): void
}

export function createRuleCuts({ live, get, rules, report }: RuleCutsOptions): RuleCuts {
  /** Live sessions a rule may speak of. */
  const concerned = ({ scope }: Rule): SessionId[] =>
    [...live.keys()].filter((id) =>
      'sessionId' in scope
        ? scope.sessionId === id
        : scope.kind === 'everywhere' || scope.workspace === get(id)?.spec.workspace,
    )

  /** Cuts what the rule covers and the rules in force now deny, or no longer speak of. */
  const cut = (rule: Rule, orSo: (decision: Decision | 'ask') => boolean): void => {
    for (const id of concerned(rule)) {
      const { workspace = '' } = get(id)?.spec ?? {}
      live.get(id)?.egress?.cut((destination, requester, isResolved, known) => {
        if (isResolved && rule.action !== 'deny') return false
        const asker = { sessionId: id, workspace, requester }
        if (!isInScope(rule, asker) || !ruleCovers(rule, destination, known)) return false
        const question = { ...asker, destination, known, rules: rules.all() }
        const decision = decideByRules({ ...question, otherwise: 'ask' })
        return orSo(decision) || (decision !== 'ask' && decision.action === 'deny')
      })
    }
  }

  const removed = (rule: Rule): void => {
    if (rule.action === 'allow') cut(rule, (decision) => decision === 'ask')
    for (const id of concerned(rule)) report(id, { type: 'rule/removed', ruleId: rule.id })
  }
  const added = (rule: Rule): void => {
    if (rule.action !== 'allow')
      cut(rule, (decision) => rule.action === 'ask' && decision === 'ask')
  }
  return {
    removed,
    added,
    edited: (before, after) => {
      if (before) removed(before)
      if (!after) return
      added(after)
      for (const id of concerned(after)) report(id, { type: 'rule/added', rule: after })
    },
  }
}
