import type { StreamSource } from '../../../shared/contract/define.ts'
import type { RuleId, SessionId } from '../../../shared/domain/ids.ts'
import type { Rule } from '../../../shared/domain/policy.ts'
import { createBroadcast } from '../broadcast.ts'
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
  const { tell, watch } = createBroadcast<Rule[], Rule[]>(() => [...rules])

  const replace = (next: readonly Rule[]): void => {
    const before = rules.filter(isKept)
    const after = next.filter(isKept)
    rules = next
    tell([...rules])
    // Session rules come and go with every answer; the disk need not hear of them.
    if (before.length !== after.length || before.some((rule, index) => rule !== after[index]))
      document
        .save(after)
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
    watch,
  }
}

const isKept = (rule: Rule): boolean => rule.scope.kind === 'workspace'
