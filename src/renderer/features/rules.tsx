import type { Rule } from '../../shared/domain/policy.ts'
import { useRules } from '../stores/rules.ts'
import { revokeRule } from '../stores/session-actions.ts'
import { useSessions } from '../stores/sessions.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { Empty, Loading } from '../ui/states.tsx'
import { AgentText, Path } from '../ui/text.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatAgo, formatCountdown } from '../words/format.ts'
import { LIFETIME_NAMES } from '../words/outcomes.ts'

const ORIGINS = {
  prompt: 'answered prompt',
  'agent-grant': 'granted at start',
  user: 'made by you',
} as const

/** The rules that reach into the session shown. */
export function SessionRules() {
  const session = useView((view) => view.state.session)
  const rules = useRules((state) => state.rules)
  if (!session) return <Loading what="rules" />
  const mine = rules.filter(({ scope }) =>
    'sessionId' in scope
      ? scope.sessionId === session.id
      : scope.kind === 'everywhere' || scope.workspace === session.spec.workspace,
  )
  const rest = session.spec.network === 'ask' ? 'ask' : 'are denied'
  return (
    <div className="panel scroll" data-testid="session-rules">
      <p className="small dim panel-note">
        {mine.length === 0 ? 'No rules. Hosts' : 'All other hosts'} {rest}. Loopback, this machine’s
        own addresses and cloud metadata are always refused.
      </p>
      <ul className="rule-list">
        {mine.map((rule) => (
          <RuleRow key={rule.id} rule={rule} showsScope={false} />
        ))}
      </ul>
    </div>
  )
}

/** What would be allowed, and why? */
export function RulesPage() {
  const { status, rules } = useRules()
  const ofEverywhere = rules.filter((rule) => rule.scope.kind === 'everywhere')
  const ofWorkspaces = rules.filter((rule) => rule.scope.kind === 'workspace')
  const ofSessions = rules.filter((rule) => 'sessionId' in rule.scope)
  return (
    <section className="page" aria-labelledby="rules-title" data-testid="page-rules">
      <header className="page-head">
        <h1 id="rules-title">Rules in force</h1>
        <p className="dim">
          Revoking one also cuts the connections it let through. A deny always wins.
        </p>
      </header>
      {status === 'loading' ? (
        <Loading what="rules" />
      ) : rules.length === 0 ? (
        <Empty icon="rules" title="No rules">
          Every host asks. An answer for a session or a workspace becomes a rule and is listed here
          until it is revoked.
        </Empty>
      ) : (
        <div className="page-body scroll">
          <RuleGroup title="Kept for every session" rules={ofEverywhere} />
          <RuleGroup title="Kept for a workspace" rules={ofWorkspaces} />
          <RuleGroup title="Until the session ends" rules={ofSessions} />
        </div>
      )}
    </section>
  )
}

function RuleGroup({ title, rules }: { title: string; rules: readonly Rule[] }) {
  if (rules.length === 0) return null
  return (
    <section className="card-group" aria-label={title}>
      <h2>
        {title} <span className="faint num">{rules.length}</span>
      </h2>
      <ul className="rule-list framed">
        {rules.map((rule) => (
          <RuleRow key={rule.id} rule={rule} showsScope />
        ))}
      </ul>
    </section>
  )
}

function RuleRow({ rule, showsScope }: { rule: Rule; showsScope: boolean }) {
  const now = useNow()
  return (
    <li className={`rule-row ${rule.action}`} data-testid="rule-row" data-host={rule.host}>
      <Icon name={rule.action === 'allow' ? 'check' : 'deny'} />
      <span className="rule-action">{rule.action === 'allow' ? 'Allow' : 'Deny'}</span>
      <span className="stack-tight grow">
        <span className="mono host">
          {rule.host}
          <span className="faint">{rule.port === null ? ', every port' : `:${rule.port}`}</span>
        </span>
        <span className="small faint row">
          {showsScope && <Scope rule={rule} />}
          <span className="clip">
            {ORIGINS[rule.origin]}, {formatAgo(rule.createdAtMs, now)}
            {!showsScope && `, ${LIFETIME_NAMES[rule.scope.kind].toLowerCase()}`}
            {rule.expiresAtMs !== null && `, ends in ${formatCountdown(rule.expiresAtMs - now)}`}
          </span>
        </span>
      </span>
      <Button small onClick={() => void revokeRule(rule.id)} data-testid="rule-revoke">
        Revoke
      </Button>
    </li>
  )
}

function Scope({ rule: { scope } }: { rule: Rule }) {
  const title = useSessions((state) =>
    'sessionId' in scope ? state.byId.get(scope.sessionId)?.title : undefined,
  )
  switch (scope.kind) {
    case 'workspace':
      return <Path path={scope.workspace} />
    case 'everywhere':
      return <span>Every session</span>
    case 'process':
      return (
        <span className="clip">
          <AgentText text={scope.name} max={40} bare /> and what it starts, in{' '}
          {title ?? 'an ended session'}
        </span>
      )
    case 'session':
      return <span className="clip">{title ?? 'An ended session'}</span>
  }
}
