import { useEffect, useState } from 'react'
import { type Lifetime, MACHINE_NAME, type PermissionRequest } from '../../shared/domain/policy.ts'
import { type AnswerScope, reachOf } from '../stores/prompts.ts'
import { useSessions } from '../stores/sessions.ts'
import { Segmented } from '../ui/choices.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { plural } from '../words/format.ts'
import { LIFETIME_NAMES, TIME_NAMES } from '../words/outcomes.ts'

export interface ScopeProps {
  readonly request: PermissionRequest
  readonly scope: AnswerScope
  readonly onChange: (scope: AnswerScope) => void
}

const USUAL = (['once', 'session', 'workspace'] as const).map((value) => ({
  value,
  label: LIFETIME_NAMES[value],
}))

/** The three answers that are given most, one key apart. */
export function ScopeChoice({ scope, onChange }: ScopeProps) {
  return (
    <Segmented<Lifetime>
      label="How long the answer holds"
      value={scope.lifetime}
      choices={USUAL}
      onChange={(lifetime) => onChange({ ...scope, lifetime })}
      testId="prompt-lifetime"
    />
  )
}

/** What the answer will hold for, in one sentence, and everything it can be changed to. */
export function PromptScope({ request, scope, onChange }: ScopeProps) {
  const { host, port } = request.destination
  const isOnce = scope.lifetime === 'once'
  return (
    <details className="prompt-details" data-testid="prompt-scope">
      <summary>
        <Icon name="chevron" />
        <span className="small dim">
          No rule covers it. An answer holds for <Where request={request} scope={scope} />
          {!isOnce && request.request && `, ${request.request.method} requests only`}
          <Whom request={request} scope={scope} />
          {!isOnce && scope.forMs !== null && `, for ${TIME_NAMES[scope.forMs]}`}.
        </span>
      </summary>
      <div className="prompt-scope">
        <label>
          Where
          <select
            value={`${scope.host ?? ''}|${scope.everyPort}`}
            disabled={isOnce}
            onChange={(event) => {
              const [pattern, everyPort] = event.target.value.split('|')
              onChange({ ...scope, host: pattern || null, everyPort: everyPort === 'true' })
            }}
            data-testid="prompt-where"
          >
            <option value="|false">{`${host}:${port}`}</option>
            {host !== MACHINE_NAME && <option value="|true">{`${host}, every port`}</option>}
            {request.wider && (
              <>
                <option value={`${request.wider}|false`}>{`${request.wider}:${port}`}</option>
                <option value={`${request.wider}|true`}>{`${request.wider}, every port`}</option>
              </>
            )}
          </select>
        </label>
        <label>
          For
          <select
            value={scope.lifetime}
            onChange={(event) => {
              const lifetime = ALL.find((item) => item === event.target.value)
              if (lifetime) onChange({ ...scope, lifetime })
            }}
            data-testid="prompt-whom"
          >
            {ALL.map((lifetime) => (
              <option
                key={lifetime}
                value={lifetime}
                disabled={lifetime === 'process' && request.requester === null}
              >
                {lifetime === 'process'
                  ? 'This process and what it starts'
                  : LIFETIME_NAMES[lifetime]}
              </option>
            ))}
          </select>
        </label>
        <label>
          How long
          <select
            value={scope.forMs ?? ''}
            disabled={isOnce}
            onChange={(event) =>
              onChange({ ...scope, forMs: event.target.value ? Number(event.target.value) : null })
            }
            data-testid="prompt-time"
          >
            <option value="">{ENDS[scope.lifetime]}</option>
            {Object.entries(TIME_NAMES).map(([ms, name]) => (
              <option key={ms} value={ms}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <Reach request={request} scope={scope} />
      </div>
    </details>
  )
}

const ALL = ['once', 'process', 'session', 'workspace', 'everywhere'] as const

const ENDS: Readonly<Record<Lifetime, string>> = {
  once: 'This connection',
  process: 'Until it ends',
  session: 'Until it ends',
  workspace: 'Until revoked',
  everywhere: 'Until revoked',
}

function Where({ request, scope }: Pick<ScopeProps, 'request' | 'scope'>) {
  const { host, port } = request.destination
  return (
    <>
      {scope.host === null ? 'exactly ' : ''}
      <span className="mono">{scope.host ?? host}</span>
      {scope.everyPort ? ' on every port' : `, port ${port}`}
    </>
  )
}

function Whom({ request, scope }: Pick<ScopeProps, 'request' | 'scope'>) {
  const session = useSessions((state) => state.byId.get(request.sessionId))
  switch (scope.lifetime) {
    case 'once':
      return <>, once</>
    case 'process':
      return (
        <>
          , asked by <AgentText text={request.requester?.process.name ?? '?'} max={40} /> and what
          it starts
        </>
      )
    case 'session':
      return <>, in this session</>
    case 'workspace':
      return <>, in {session?.spec.workspace ?? 'this workspace'}</>
    case 'everywhere':
      return <>, in every session</>
  }
}

/** How much of what was asked so far such a rule would have answered. */
function Reach({ request, scope }: Pick<ScopeProps, 'request' | 'scope'>) {
  const [count, setCount] = useState<number | null>(null)
  const { id, connections } = request
  const waiting = connections.length
  useEffect(() => {
    let isCurrent = true
    setCount(null)
    if (scope.lifetime !== 'once')
      void reachOf(id, scope).then((found) => {
        if (isCurrent) setCount(found)
      })
    return () => {
      isCurrent = false
    }
  }, [id, scope, waiting])
  if (scope.lifetime === 'once' || count === null) return null
  return (
    <p className="small dim" role="status" data-testid="prompt-reach">
      Such a rule covers {plural(count, 'attempt')} made so far in running sessions.
    </p>
  )
}
