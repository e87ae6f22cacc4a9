import { useId, useState } from 'react'
import {
  type Destination,
  MACHINE_NAME,
  NARROW_ANSWER,
  type PermissionRequest,
} from '../../shared/domain/policy.ts'
import { answerPrompt, type AnswerScope } from '../stores/prompts.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatCountdown } from '../words/format.ts'
import { lookalike } from '../words/punycode.ts'
import {
  ProcessChain,
  PromptHead,
  type PromptHeadProps,
  useMayAnswer,
  Who,
} from './prompt-parts.tsx'
import { PromptScope, ScopeChoice } from './prompt-scope.tsx'

interface PromptCardProps extends Pick<PromptHeadProps, 'behind' | 'onMinimise' | 'onShowSession'> {
  readonly request: PermissionRequest
}

/**
 * One question. It never takes the focus by itself, and answers nothing in its first moments, so
 * that a key or a click meant for something else cannot allow.
 */
export function PromptCard({ request, ...head }: PromptCardProps) {
  const [scope, setScope] = useState<AnswerScope>({ ...NARROW_ANSWER, lifetime: 'once' })
  const mayAnswer = useMayAnswer(request.id)
  const titleId = useId()
  const { destination, requester, connections } = request
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
      <PromptHead
        {...head}
        sessionId={request.sessionId}
        countdown={<Countdown expiresAtMs={request.expiresAtMs} />}
      />

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

      <ProcessChain
        requester={requester}
        sessionId={request.sessionId}
        way={WAYS[destination.protocol]}
      />

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

const WAYS: Readonly<Record<Destination['protocol'], string>> = {
  connect: 'Asked through the HTTP CONNECT gateway of this sandbox.',
  http: 'Asked through the HTTP gateway of this sandbox.',
  socks5: 'Asked through the SOCKS5 gateway of this sandbox.',
  direct: 'It connects without a proxy; the connection waits in the gateway of this sandbox.',
}

function Countdown({ expiresAtMs }: { expiresAtMs: number }) {
  const leftMs = expiresAtMs - useNow()
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
