import type { StreamSource } from '../../../shared/contract/define.ts'
import type { RuleId, SessionId } from '../../../shared/domain/ids.ts'
import type { Rule } from '../../../shared/domain/policy.ts'
import type { DocumentStore, Log } from '../ports.ts'

export interface RuleBook {
  /** Every rule in force. */
  all(): readonly Rule[]
  add(rule: Rule): void
  /** The removed rule; null when there is none of that id. */
  remove(id: RuleId): Rule | null
  /** Session rules die with their session. */
  forgetSession(sessionId: SessionId): void
  readonly watch: StreamSource<Rule[], Rule[]>
}

/** Owns the rules. Workspace rules are kept on disk, session rules only in memory. */
export function createRuleBook(
  kept: readonly Rule[],
  document: Pick<DocumentStore<Rule[]>, 'save'>,
  log: Log,
): RuleBook {
  let rules: readonly Rule[] = kept
  let seq = 0
  const viewers = new Set<(frame: { type: 'delta'; seq: number; change: Rule[] }) => void>()

  const replace = (next: readonly Rule[]): void => {
    const isKeptChange = next.some(isKept) || rules.some(isKept)
    rules = next
    seq++
    for (const push of viewers) push({ type: 'delta', seq, change: [...rules] })
    if (isKeptChange)
      document
        .save(rules.filter(isKept))
        .catch((cause: unknown) => log.error('the rules could not be saved', cause))
  }

  return {
    all: () => rules,
    add: (rule) => replace([...rules, rule]),
    remove: (id) => {
      const rule = rules.find((item) => item.id === id) ?? null
      if (rule) replace(rules.filter((item) => item !== rule))
      return rule
    },
    forgetSession: (sessionId) => {
      const next = rules.filter(
        ({ scope }) => scope.kind !== 'session' || scope.sessionId !== sessionId,
      )
      if (next.length !== rules.length) replace(next)
    },
    watch: (push) => {
      push({ type: 'snapshot', seq, state: [...rules] })
      viewers.add(push)
      return () => viewers.delete(push)
    },
  }
}

const isKept = (rule: Rule): boolean => rule.scope.kind === 'workspace'
