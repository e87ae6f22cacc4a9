import { type ReactNode, useEffect, useState } from 'react'
import type { PromptId, SessionId } from '../../shared/domain/ids.ts'
import type { Requester } from '../../shared/domain/policy.ts'
import type { ProcessIdentity } from '../../shared/domain/process.ts'
import { useConnection } from '../connection.ts'
import { GRACE_MS, usePrompts } from '../stores/prompts.ts'
import { useSessions } from '../stores/sessions.ts'
import { showProcess } from '../stores/show-process.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { AgentText } from '../ui/text.tsx'
import { joinArgv } from '../words/reveal.ts'

// What every card of the inbox has, whoever asks.

export interface PromptHeadProps {
  readonly sessionId: SessionId
  /** Prompts behind this one. */
  readonly behind?: number
  readonly countdown: ReactNode
  readonly onMinimise?: () => void
  readonly onShowSession?: () => void
}

export function PromptHead({
  sessionId,
  behind = 0,
  countdown,
  onMinimise,
  onShowSession,
}: PromptHeadProps) {
  const session = useSessions((state) => state.byId.get(sessionId))
  return (
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
      {countdown}
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

/** It was seen, its answer is not on its way yet, and there is a host to take it. */
export function useMayAnswer(id: PromptId): boolean {
  const hasSettled = useGrace(id)
  const isAnswering = usePrompts((state) => state.answering.has(id))
  const isConnected = useConnection().type === 'connected'
  return hasSettled && !isAnswering && isConnected
}

/** The process that asked, by its own name. */
export function Who({ requester }: { requester: Requester | null }) {
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

/** `way`: how the question came, in our words. */
export function ProcessChain({
  requester,
  sessionId,
  way,
}: {
  requester: Requester | null
  sessionId: SessionId
  way: string
}) {
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
          <ChainEntry key={process.key} process={process} sessionId={sessionId} />
        ))}
      </ol>
      <p className="small faint">{way} Process names and arguments are the program’s own words.</p>
    </details>
  )
}

function ChainEntry({ process, sessionId }: { process: ProcessIdentity; sessionId: SessionId }) {
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
