import type { RuleId } from '../../../shared/domain/ids.ts'
import { MACHINE_NAME, type Rule, type RuleDraft } from '../../../shared/domain/policy.ts'
import type { SessionState } from '../../../shared/projection.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { NewId } from '../ids.ts'
import type { Clock } from '../ports.ts'
import { parseAllowPattern, parseHostPattern } from './match.ts'
import { countCovered } from './reach.ts'
import type { RuleBook } from './rules.ts'

/** Shown to a person. */
export const ONE_PORT = 'Services of this machine are allowed one port at a time: name the port.'

export interface RuleError {
  readonly type: 'rule_refused'
  readonly reason: string
}

/** What a person does to rules by hand. Every change holds for running sessions at once. */
export interface RuleEdits {
  save(draft: RuleDraft): Result<Rule, RuleError>
  remove(id: RuleId): Result<null, { readonly type: 'unknown_rule' }>
  /** How many attempts of live sessions so far the rule would have spoken of. */
  reach(draft: RuleDraft): Result<number, RuleError>
}

export interface RuleEditsOptions {
  readonly rules: RuleBook
  readonly clock: Clock
  readonly newId: NewId
  readonly states: () => readonly SessionState[]
  /** Told after the change: cuts what may no longer live, and settles what waits. */
  readonly changed: (before: Rule | null, after: Rule | null) => void
}

export function createRuleEdits(options: RuleEditsOptions): RuleEdits {
  const { rules, clock } = options

  const ruleOf = ({
    replaces,
    host,
    forMs,
    scheme,
    ...draft
  }: RuleDraft): Result<Rule, RuleError> => {
    const parse = draft.action === 'allow' ? parseAllowPattern : parseHostPattern
    const pattern = parse(host.trim())
    if (!pattern.ok) return err({ type: 'rule_refused', reason: sentence(pattern.error) })
    if (draft.action === 'allow' && pattern.value === MACHINE_NAME && draft.port === null)
      return err({ type: 'rule_refused', reason: ONE_PORT })
    const createdAtMs = clock.wallMs()
    return ok({
      ...draft,
      ...(scheme ? { scheme } : {}),
      id: replaces ?? options.newId('rul'),
      host: pattern.value,
      expiresAtMs: forMs === null ? null : createdAtMs + forMs,
      createdAtMs,
    })
  }

  return {
    save: (draft) => {
      const before = rules.all().find(({ id }) => id === draft.replaces) ?? null
      const rule = ruleOf(draft)
      if (!rule.ok) return rule
      rules.put(rule.value)
      options.changed(before, rule.value)
      return rule
    },
    remove: (id) => {
      const rule = rules.remove(id)
      if (!rule) return err({ type: 'unknown_rule' })
      options.changed(rule, null)
      return ok(null)
    },
    reach: (draft) => {
      const rule = ruleOf(draft)
      return rule.ok ? ok(countCovered(rule.value, options.states())) : rule
    },
  }
}

const sentence = (reason: string): string => `${reason[0]?.toUpperCase()}${reason.slice(1)}.`
