import { useEffect, useId, useState } from 'react'
import {
  type Destination,
  MACHINE_NAME,
  NARROW_ANSWER,
  type PermissionRequest,
  type Requester,
} from '../../shared/domain/policy.ts'
import type { ProcessIdentity } from '../../shared/domain/process.ts'
import { answerPrompt, type AnswerScope, GRACE_MS, usePrompts } from '../stores/prompts.ts'
import { useSessions } from '../stores/sessions.ts'
import { showProcess } from '../stores/show-process.ts'
import { useConnection } from '../connection.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatCountdown } from '../words/format.ts'
import { lookalike } from '../words/punycode.ts'
import { joinArgv } from '../words/reveal.ts'
import { PromptScope, ScopeChoice } from './prompt-scope.tsx'

interface PromptCardProps {
  readonly request: PermissionRequest
  /** Prompts behind this one. */
  readonly behind?: number
  readonly onMinimise?: () => void
  readonly onShowSession?: () => void
}

/**
 * One question. It never takes the focus by itself, and answers nothing in its first moments, so
 * that a key or a click meant for something else cannot allow.
 */
export function PromptCard({ request, behind = 0, onMinimise, onShowSession }: PromptCardProps) {
  const [scope, setScope] = useState<AnswerScope>({ ...NARROW_ANSWER, lifetime: 'once' })
  const hasSettled = useGrace(request.id)
  const isAnswering = usePrompts((state) => state.answering.has(request.id))
  const isConnected = useConnection().type === 'connected'
  const session = useSessions((state) => state.byId.get(request.sessionId))
  const titleId = useId()
  const { destination, requester, connections } = request
  const mayAnswer = hasSettled && !isAnswering && isConnected
  const answer = (action: 'allow' | 'deny'): void => {
    if (mayAnswer) void answerPrompt(request, action, scope)
  }

  return (
    <article
      className="prompt-card"
      aria-labelledby={titleId}
      data-testid="prompt-card"
      data-prompt={request.id}
      data-host={destination.host}
    >
      <header className="prompt-head">
        <Icon name="ask" />
        <span className="clip">
          {session ? session.agentName : 'An agent'} in <b>{session?.title ?? 'a session'}</b>
        </span>
        {onShowSession && (
          <Button small look="quiet" onClick={onShowSession} data-testid="prompt-show-session">
            Show session
          </Button>
        )}
        <span className="grow" />
        {behind > 0 && (
          <span className="faint small num" data-testid="prompt-behind">
            {behind} more
          </span>
        )}
        <Countdown request={request} />
        {onMinimise && (
          <Button
            small
            look="quiet"
            icon="minimise"
            aria-label="Minimise: it keeps waiting"
            onClick={onMinimise}
            data-testid="prompt-minimise"
          />
        )}
      </header>

      <h2 id={titleId} className="prompt-question">
        <Who requester={requester} /> wants to connect to
      </h2>
      <HostName host={destination.host} port={destination.port} count={connections.length} />
      {request.request && (
        <p className="small mono" data-testid="prompt-request">
          <AgentText text={`${request.request.method} ${request.request.path}`} max={200} />
        </p>
      )}
      <PromptScope request={request} scope={scope} onChange={setScope} />

      <ProcessChain request={request} />

      <footer className="prompt-foot">
        <ScopeChoice request={request} scope={scope} onChange={setScope} />
        <div className="prompt-buttons">
          <Button
            className="prompt-deny"
            icon="deny"
            disabled={!mayAnswer}
            onClick={() => answer('deny')}
            data-testid="prompt-deny"
            data-prompt-default
          >
            Deny
          </Button>
          <Button
            icon="check"
            disabled={!mayAnswer}
            onClick={() => answer('allow')}
            data-testid="prompt-allow"
          >
            Allow
          </Button>
        </div>
      </footer>
    </article>
  )
}

/** True once the prompt has been in view long enough to have been seen. */
export function useGrace(id: string): boolean {
  const [settled, setSettled] = useState<string | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(id), GRACE_MS)
    return () => clearTimeout(timer)
  }, [id])
  return settled === id
}

function Who({ requester }: { requester: Requester | null }) {
  if (!requester) return <>A process that is already gone</>
  // The eldest is the sandbox's own first process; nobody asks by way of that.
  const parent = requester.ancestors.length > 1 ? requester.ancestors[0] : undefined
  return (
    <>
      <AgentText text={requester.process.name} max={64} />
      {parent && (
        <>
          {' '}
          via <AgentText text={parent.name} max={64} />
        </>
      )}
    </>
  )
}

/** Never truncated: a long name wraps, and its end, which says whose it is, stands out. */
function HostName({ host, port, count }: { host: string; port: number; count: number }) {
  const isAddress = /^[\d.]+$|:/.test(host)
  const labels = host.split('.')
  const start = isAddress || labels.length < 3 ? '' : `${labels.slice(0, -2).join('.')}.`
  const seen = lookalike(host)
  return (
    <div className="prompt-host">
      <p className="host-name" data-testid="prompt-host">
        <span className="dim">{start}</span>
        <b>{host.slice(start.length)}</b>
        <span className="dim">:{port}</span>
        {count > 1 && (
          <span className="chip num" data-testid="prompt-count" title={`${count} connections wait`}>
            ×{count}
          </span>
        )}
      </p>
      {host === MACHINE_NAME && (
        <p className="prompt-warning" role="note" data-testid="prompt-machine">
          <Icon name="warning" />
          <span>
            This is a service of your own machine, outside the sandbox. It may trust whoever reaches
            it.
          </span>
        </p>
      )}
      {seen && (
        <p className="prompt-warning" role="note" data-testid="prompt-homograph">
          <Icon name="warning" />
          <span>
            This name stands for letters of another alphabet. On a page it would look like{' '}
            <AgentText text={seen} max={253} />
          </span>
        </p>
      )}
      {isAddress && (
        <p className="prompt-warning" role="note">
          <Icon name="warning" />
          <span>An address without a name: nothing says whose it is.</span>
        </p>
      )}
    </div>
  )
}

function ProcessChain({ request }: { request: PermissionRequest }) {
  const { requester, destination } = request
  const { protocol } = destination
  const [first, ...rest] = requester ? [requester.process, ...requester.ancestors] : []
  if (!first) return null
  return (
    <details className="prompt-details" data-testid="prompt-details">
      <summary>
        <Icon name="chevron" />
        <span className="chain clip">
          {[first, ...rest].map((process, index) => (
            <span key={process.key}>
              {index > 0 && <span className="faint"> ← </span>}
              <AgentText text={process.name} max={32} bare />
            </span>
          ))}
        </span>
        <span className="faint small num">pid {first.pid}</span>
      </summary>
      <ol className="chain-list">
        {[first, ...rest].map((process) => (
          <ChainEntry key={process.key} process={process} sessionId={request.sessionId} />
        ))}
      </ol>
      <p className="small faint">
        {WAYS[protocol]} Process names and arguments are the program’s own words.
      </p>
    </details>
  )
}

const WAYS: Readonly<Record<Destination['protocol'], string>> = {
  connect: 'Asked through the HTTP CONNECT gateway of this sandbox.',
  http: 'Asked through the HTTP gateway of this sandbox.',
  socks5: 'Asked through the SOCKS5 gateway of this sandbox.',
  direct: 'It connects without a proxy; the connection waits in the gateway of this sandbox.',
}

function ChainEntry({
  process,
  sessionId,
}: {
  process: ProcessIdentity
  sessionId: PermissionRequest['sessionId']
}) {
  return (
    <li>
      <button
        type="button"
        className="link num"
        title="Show in the process tree"
        onClick={() => showProcess(sessionId, process.key)}
        data-testid="prompt-process"
      >
        {process.pid}
      </button>
      <span className="stack-tight">
        <AgentText text={joinArgv(process.argv)} max={500} />
        <span className="small faint">
          {process.exe ? (
            <AgentText text={process.exe} max={300} bare />
          ) : (
            'executable not readable'
          )}
        </span>
      </span>
    </li>
  )
}

function Countdown({ request }: { request: PermissionRequest }) {
  const now = useNow()
  const leftMs = request.expiresAtMs - now
  return (
    <span
      className={leftMs < 15_000 ? 'countdown num soon' : 'countdown num'}
      data-testid="prompt-countdown"
      title="Denies by itself when this runs out"
    >
      denies in {formatCountdown(leftMs)}
    </span>
  )
}
