import { useEffect, useState } from 'react'
import { isLive } from '../../shared/domain/session.ts'
import type { Rule, RuleDraft } from '../../shared/domain/policy.ts'
import { reachOfRule, saveRule } from '../stores/rule-actions.ts'
import { useSessions } from '../stores/sessions.ts'
import { Button } from '../ui/button.tsx'
import { Segmented } from '../ui/choices.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Select } from '../ui/select.tsx'
import { TIME_NAMES } from '../words/outcomes.ts'
import { RuleRequests } from './rule-requests.tsx'
import { ACTION_NAMES, wordsOfDraft, wordsOfReach } from '../words/rules.ts'

const ACTIONS = (['allow', 'ask', 'deny'] as const).map((value) => ({
  value,
  label: ACTION_NAMES[value],
}))
/** The person stops typing. */
const PAUSE_MS = 250

const newDraft = (scope: Rule['scope']): RuleDraft => ({
  ...{ replaces: null, action: 'allow', host: '', port: null, scheme: null, scope },
  ...{ forMs: null, origin: 'user' },
})

interface RuleDialogProps {
  /** null: a new one. */
  readonly rule: Rule | null
  readonly onClose: () => void
}

/** A rule by hand. What it covers stands there before it is saved. */
export function RuleDialog({ rule, onClose }: RuleDialogProps) {
  const [draft, setDraft] = useState<RuleDraft>(() =>
    rule
      ? {
          ...newDraft(rule.scope),
          ...{ replaces: rule.id, action: rule.action, host: rule.host, port: rule.port },
          ...{ scheme: rule.scheme ?? null, request: rule.request, inspect: rule.inspect },
        }
      : newDraft({ kind: 'everywhere' }),
  )
  /** As typed; null: it holds for a time, or until it is revoked. */
  const [until, setUntil] = useState<string | null>(null)
  const [port, setPort] = useState(rule?.port ? String(rule.port) : '')
  const [problem, setProblem] = useState<string | null>(null)
  const [requestProblem, setRequestProblem] = useState<string | null>(null)
  const reach = useReach(draft)
  const change = (patch: Partial<RuleDraft>): void => {
    setDraft({ ...draft, ...patch })
    setProblem(null)
  }
  const portProblem = /^(|[1-9]\d{0,4})$/.test(port) && Number(port) <= 65_535 ? null : BAD_PORT
  const shown =
    problem ?? portProblem ?? requestProblem ?? (typeof reach === 'string' ? reach : null)
  const save = async (): Promise<void> => {
    const typed = portProblem ?? requestProblem
    if (typed) return setProblem(typed)
    const forMs = until === null ? draft.forMs : Date.parse(until) - Date.now()
    if (forMs !== null && !(forMs >= 1000 && forMs <= LONGEST_MS)) return setProblem(BAD_TIME)
    const refused = await saveRule({ ...draft, forMs })
    if (refused) setProblem(refused)
    else onClose()
  }
  return (
    <Dialog
      title={rule ? 'Edit rule' : 'New rule'}
      onClose={onClose}
      testId="rule-dialog"
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            disabled={draft.host.trim() === ''}
            onClick={() => void save()}
            data-testid="rule-save"
          >
            Save rule
          </Button>
        </>
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Segmented
          label="Action"
          value={draft.action}
          choices={ACTIONS}
          onChange={(action) => change({ action })}
          testId="rule-action"
        />
        <label className="field">
          Host, *.domain, address or range
          <input
            className="input mono"
            autoComplete="off"
            spellCheck={false}
            placeholder="api.example.org"
            value={draft.host}
            onChange={(event) => change({ host: event.target.value })}
            data-focus-first
            data-testid="rule-host"
          />
        </label>
        <div className="row wrap">
          <label className="field">
            Port
            <input
              className="input num"
              placeholder="every"
              inputMode="numeric"
              autoComplete="off"
              value={port}
              onChange={(event) => {
                setPort(event.target.value)
                change({ port: Number(event.target.value) || null })
              }}
              data-testid="rule-port"
            />
          </label>
          <Select
            label="Carried by"
            value={draft.scheme ?? 'any'}
            choices={{ any: 'Anything', http: 'Plain HTTP', https: 'TLS only' }}
            onChange={(value) =>
              change({ scheme: value === 'http' || value === 'https' ? value : null })
            }
            testId="rule-scheme"
          />
          <Select
            label="Holds"
            value={until === null ? String(draft.forMs ?? '') : 'until'}
            choices={{ '': 'Until revoked', ...TIME_NAMES, until: 'Until a time' }}
            onChange={(value) => {
              setUntil(value === 'until' ? '' : null)
              change({ forMs: Number(value) || null })
            }}
            testId="rule-time"
          />
          {until !== null && (
            <label className="field">
              Until
              <input
                className="input num"
                type="datetime-local"
                value={until}
                onChange={(event) => setUntil(event.target.value)}
                data-testid="rule-until"
              />
            </label>
          )}
        </div>
        <RuleRequests
          draft={draft}
          onChange={(patch, trouble) => {
            change(patch)
            setRequestProblem(trouble)
          }}
        />
        <ScopeChoice scope={draft.scope} onChange={(scope) => change({ scope })} />
        <p className="rule-words" data-testid="rule-words">
          {wordsOfDraft(draft)}{' '}
          {typeof reach === 'number' && <span className="dim">{wordsOfReach(reach)}</span>}
        </p>
        {shown && (
          <p className="field-problem" role="alert" data-testid="rule-problem">
            {shown}
          </p>
        )}
      </form>
    </Dialog>
  )
}

const LONGEST_MS = 30 * 24 * 3_600_000
const BAD_TIME = 'Choose a time that is to come, within thirty days.'
const BAD_PORT = 'A port is a number from 1 to 65535; empty means every port.'

/** null: nothing to say yet. */
function useReach(draft: RuleDraft): number | string | null {
  const [reach, setReach] = useState<number | string | null>(null)
  useEffect(() => {
    setReach(null)
    if (draft.host.trim() === '') return
    let isGone = false
    const timer = setTimeout(() => {
      void reachOfRule(draft).then((found) => !isGone && setReach(found))
    }, PAUSE_MS)
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [draft])
  return reach
}

/** Every session, a workspace that was used, or one session that runs. */
function ScopeChoice({
  scope,
  onChange,
}: {
  scope: Rule['scope']
  onChange: (scope: Rule['scope']) => void
}) {
  const byId = useSessions((state) => state.byId)
  const sessions = [...byId.values()]
  const scopes = new Map<string, Rule['scope']>([['Every session', { kind: 'everywhere' }]])
  if (scope.kind === 'process') scopes.set(`Process ${scope.name}`, scope)
  for (const workspace of new Set(sessions.map(({ spec }) => spec.workspace)))
    scopes.set(`Workspace ${workspace}`, { kind: 'workspace', workspace })
  for (const { id, title } of sessions.filter(isLive))
    scopes.set(`Session ${title}`, { kind: 'session', sessionId: id })
  const wanted = JSON.stringify(scope)
  const chosen = [...scopes].find(([, item]) => JSON.stringify(item) === wanted)?.[0]
  return (
    <Select
      label="For"
      value={chosen ?? 'Every session'}
      choices={Object.fromEntries([...scopes.keys()].map((name) => [name, name]))}
      onChange={(name) => {
        const next = scopes.get(name)
        if (next) onChange(next)
      }}
      testId="rule-scope"
    />
  )
}
