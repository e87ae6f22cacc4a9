import { useState } from 'react'
import type { Rule } from '../../shared/domain/policy.ts'
import { revokeRule } from '../stores/rule-actions.ts'
import type { NetworkMode } from '../../shared/domain/network-mode.ts'
import { modeOf } from '../stores/network-switch.ts'
import { useRules } from '../stores/rules.ts'
import { useSessions } from '../stores/sessions.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { Empty, Loading } from '../ui/states.tsx'
import { AgentText, Path } from '../ui/text.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatAgo, formatCountdown } from '../words/format.ts'
import { LIFETIME_NAMES } from '../words/outcomes.ts'
import { ACTION_NAMES, narrowingOf, ORIGIN_WORDS } from '../words/rules.ts'
import { PresetList } from './preset-list.tsx'
import { ProfileList } from './profile-list.tsx'
import { ProposePolicyDialog } from './propose-policy.tsx'
import { RuleDialog } from './rule-dialog.tsx'

/** What becomes of hosts that no rule covers. */
const REST: Readonly<Record<NetworkMode, string>> = {
  closed: 'are refused, whatever rules say: the network is closed',
  listed: 'are denied',
  ask: 'ask',
  open: 'are allowed: the network is open',
}

/** The rules that reach into the session shown. */
export function SessionRules() {
  const state = useView((view) => view.state)
  const { session } = state
  const rules = useRules((all) => all.rules)
  const [isProposing, setProposing] = useState(false)
  if (!session) return <Loading what="rules" />
  const mine = rules.filter(({ scope }) =>
    'sessionId' in scope
      ? scope.sessionId === session.id
      : scope.kind === 'everywhere' || scope.workspace === session.spec.workspace,
  )
  const rest = REST[modeOf(session)]
  return (
    <div className="panel scroll" data-testid="session-rules">
      <p className="small dim panel-note">
        {mine.length === 0 ? 'No rules. Hosts' : 'All other hosts'} {rest}. Loopback, this machine’s
        own addresses and cloud metadata are always refused.
      </p>
      <div className="panel-note">
        <Button small icon="rules" onClick={() => setProposing(true)} data-testid="propose">
          Policy from what it did
        </Button>
      </div>
      {isProposing && <ProposePolicyDialog state={state} onClose={() => setProposing(false)} />}
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
  const [isAdding, setAdding] = useState(false)
  const ofEverywhere = rules.filter((rule) => rule.scope.kind === 'everywhere')
  const ofWorkspaces = rules.filter((rule) => rule.scope.kind === 'workspace')
  const ofSessions = rules.filter((rule) => 'sessionId' in rule.scope)
  return (
    <section className="page" aria-labelledby="rules-title" data-testid="page-rules">
      <header className="page-head">
        <div className="row">
          <h1 id="rules-title">Rules in force</h1>
          <span className="grow" />
          <Button icon="add" onClick={() => setAdding(true)} data-testid="rule-add">
            Add rule
          </Button>
        </div>
        <p className="dim">
          Every change holds for running sessions at once. A deny always wins; otherwise the most
          specific rule does.
        </p>
      </header>
      {isAdding && <RuleDialog rule={null} onClose={() => setAdding(false)} />}
      {status === 'loading' ? (
        <Loading what="rules" />
      ) : (
        <div className="page-body scroll">
          {rules.length === 0 && (
            <Empty icon="rules" title="No rules">
              Every host asks. An answer for a session or a workspace becomes a rule and is listed
              here until it is revoked.
            </Empty>
          )}
          <RuleGroup title="Kept for every session" rules={ofEverywhere} />
          <RuleGroup title="Kept for a workspace" rules={ofWorkspaces} />
          <RuleGroup title="Until the session ends" rules={ofSessions} />
          <ProfileList />
          <PresetList />
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

const ACTION_ICONS = { allow: 'check', deny: 'deny', ask: 'ask' } as const

function RuleRow({ rule, showsScope }: { rule: Rule; showsScope: boolean }) {
  const now = useNow()
  const [isEditing, setEditing] = useState(false)
  return (
    <li className={`rule-row ${rule.action}`} data-testid="rule-row" data-host={rule.host}>
      <Icon name={ACTION_ICONS[rule.action]} />
      <span className="rule-action">{ACTION_NAMES[rule.action]}</span>
      <span className="stack-tight grow">
        <span className="mono host">
          {rule.host}
          <span className="faint">
            {rule.port === null ? ', every port' : `:${rule.port}`}
            {rule.scheme && (rule.scheme === 'https' ? ', TLS' : ', plain HTTP')}
            {narrowingOf(rule)}
          </span>
        </span>
        <span className="small faint row">
          {showsScope && <Scope rule={rule} />}
          <span className="clip">
            {ORIGIN_WORDS[rule.origin]}, {formatAgo(rule.createdAtMs, now)}
            {!showsScope && `, ${LIFETIME_NAMES[rule.scope.kind].toLowerCase()}`}
            {rule.expiresAtMs !== null && `, ends in ${formatCountdown(rule.expiresAtMs - now)}`}
          </span>
        </span>
      </span>
      <Button
        small
        look="quiet"
        icon="edit"
        aria-label={`Edit the rule for ${rule.host}`}
        onClick={() => setEditing(true)}
        data-testid="rule-edit"
      />
      <Button small onClick={() => void revokeRule(rule)} data-testid="rule-revoke">
        Revoke
      </Button>
      {isEditing && <RuleDialog rule={rule} onClose={() => setEditing(false)} />}
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
