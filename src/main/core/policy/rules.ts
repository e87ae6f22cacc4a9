import type { StreamSource } from '../../../shared/contract/define.ts'
import type { RuleId, SessionId } from '../../../shared/domain/ids.ts'
import type { Rule } from '../../../shared/domain/policy.ts'
import { createBroadcast } from '../broadcast.ts'
import type { Clock, DocumentStore, Log } from '../ports.ts'

export interface RuleBook {
  /** Every rule in force. */
  all(): readonly Rule[]
  /** In place of the rule of the same id where there is one. */
  put(rule: Rule): void
  /** The removed rule; null when there is none of that id. */
  remove(id: RuleId): Rule | null
  /** Rules of a session and of its processes die with it. */
  forgetSession(sessionId: SessionId): void
  readonly watch: StreamSource<Rule[], Rule[]>
}

export interface RuleBookOptions {
  readonly document: Pick<DocumentStore<Rule[]>, 'save'>
  readonly clock: Clock
  readonly log: Log
  /** Told of each rule whose time is over; it is no longer in force. */
  readonly expired: (rule: Rule) => void
}

/** How late an end may be noticed. */
const EXPIRY_CHECK_MS = 500

/**
 * Owns the rules. Those of workspaces and of everywhere are kept on disk, the others only in
 * memory. A rule ends by whichever clock says so first: setting the machine's clock back extends
 * nothing while Cloche runs.
 */
export function createRuleBook(kept: readonly Rule[], options: RuleBookOptions): RuleBook {
  const { document, clock, log } = options
  let rules: readonly Rule[] = kept.filter((rule) => !isOver(rule, clock.wallMs()))
  /** On the monotonic clock. */
  const deadlines = new Map<RuleId, number>()
  let timer: NodeJS.Timeout | null = null
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

  const expire = (): void => {
    const [wallMs, monoMs] = [clock.wallMs(), clock.monoMs()]
    const over = rules.filter(
      (rule) => isOver(rule, wallMs) || monoMs >= (deadlines.get(rule.id) ?? Infinity),
    )
    if (over.length > 0) replace(rules.filter((rule) => !over.includes(rule)))
    for (const rule of over) {
      deadlines.delete(rule.id)
      options.expired(rule)
    }
    watchTime()
  }
  const watchTime = (): void => {
    if (timer) clearTimeout(timer)
    const isNeeded = rules.some((rule) => rule.expiresAtMs !== null)
    timer = isNeeded ? setTimeout(expire, EXPIRY_CHECK_MS) : null
    timer?.unref()
  }
  const setDeadline = ({ id, expiresAtMs }: Rule): void => {
    if (expiresAtMs !== null) deadlines.set(id, clock.monoMs() + expiresAtMs - clock.wallMs())
  }
  for (const rule of rules) setDeadline(rule)
  watchTime()

  return {
    all: () => rules,
    put: (rule) => {
      deadlines.delete(rule.id)
      setDeadline(rule)
      const isKnown = rules.some(({ id }) => id === rule.id)
      replace(isKnown ? rules.map((item) => (item.id === rule.id ? rule : item)) : [...rules, rule])
      watchTime()
    },
    remove: (id) => {
      const rule = rules.find((item) => item.id === id) ?? null
      if (rule) replace(rules.filter((item) => item !== rule))
      return rule
    },
    forgetSession: (sessionId) => {
      const next = rules.filter(
        ({ scope }) => !('sessionId' in scope) || scope.sessionId !== sessionId,
      )
      if (next.length !== rules.length) replace(next)
    },
    watch,
  }
}

const isKept = ({ scope }: Rule): boolean =>
  scope.kind === 'workspace' || scope.kind === 'everywhere'

const isOver = ({ expiresAtMs }: Rule, wallMs: number): boolean =>
  expiresAtMs !== null && wallMs >= expiresAtMs
