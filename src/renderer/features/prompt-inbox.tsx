import { useState } from 'react'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { PermissionRequest } from '../../shared/domain/policy.ts'
import { askToCall, callPermission } from '../stores/call.ts'
import { answerAll, askedIn, inOrder, usePrompts, type Waiting } from '../stores/prompts.ts'
import { useSessions } from '../stores/sessions.ts'
import { goTo } from '../stores/ui.ts'
import { AxisStrip, LevelBadge } from '../ui/badges.tsx'
import { Button } from '../ui/button.tsx'
import { Empty, Loading } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { plural } from '../words/format.ts'
import { PromptCard } from './prompt-card.tsx'
import { useGrace } from './prompt-parts.tsx'
import { QuestionCard } from './question-card.tsx'

/** More than these of one session say the same thing; the rest waits behind them. */
const SHOWN_PER_SESSION = 5

/** Everything that waits for an answer, oldest first, by session. */
export function PromptInbox() {
  const status = usePrompts((state) => state.status)
  const pending = usePrompts((state) => state.pending)
  const questions = usePrompts((state) => state.questions)
  const groups = groupBySession(inOrder({ pending, questions }))
  return (
    <section className="page" aria-labelledby="inbox-title" data-testid="page-prompts">
      <header className="page-head">
        <div className="row">
          <h1 id="inbox-title">Prompts</h1>
          <span className="grow" />
          <CallMe />
        </div>
        <p className="dim">
          Each stalls only the program that asks. A connection that nobody answers is denied; an
          agent’s own question is left to its terminal.
        </p>
      </header>
      {status === 'loading' ? (
        <Loading what="prompts" />
      ) : groups.length === 0 ? (
        <Empty icon="check" title="Nothing waits for you">
          When a program inside a session wants to reach a host that no rule covers, the question
          appears here and over the session. So do Claude Code’s own questions.
        </Empty>
      ) : (
        <div className="page-body scroll inbox">
          {groups.map(([id, waiting]) => (
            <InboxGroup key={id} id={id} waiting={waiting} />
          ))}
        </div>
      )}
    </section>
  )
}

/** In a browser a page may call only when it was allowed to. */
function CallMe() {
  const [permission, setPermission] = useState(callPermission)
  if (permission !== 'default') return null
  return (
    <Button small onClick={() => void askToCall().then(setPermission)} data-testid="call-me">
      Call me when this page is not in front
    </Button>
  )
}

interface Batch {
  readonly key: string
  readonly name: string
  /** The program's own words. */
  readonly isAgentText: boolean
  readonly requests: readonly PermissionRequest[]
}

/** Prompts that one answer fits: of one owner's names, or of one process. */
function batchesOf(requests: readonly PermissionRequest[]): Batch[] {
  const batches = new Map<string, Batch>()
  const add = (
    key: string,
    name: string,
    isAgentText: boolean,
    request: PermissionRequest,
  ): void => {
    const before = batches.get(key)?.requests ?? []
    batches.set(key, { key, name, isAgentText, requests: [...before, request] })
  }
  for (const request of requests) {
    const { wider, requester } = request
    if (wider) add(`domain ${wider}`, wider, false, request)
    if (requester) add(`process ${requester.process.key}`, requester.process.name, true, request)
  }
  // What covers everything is what "Deny all" is for.
  return [...batches.values()].filter(
    (batch) => batch.requests.length > 1 && batch.requests.length < requests.length,
  )
}

const MAX_BATCHES = 6

function Batches({ requests }: { requests: readonly PermissionRequest[] }) {
  return batchesOf(requests)
    .slice(0, MAX_BATCHES)
    .map((batch) => <BatchRow key={batch.key} batch={batch} />)
}

function BatchRow({ batch }: { batch: Batch }) {
  // Another one joined: what is answered must have been seen.
  const hasSettled = useGrace(`${batch.key} ${batch.requests.length}`)
  const { name, isAgentText, requests } = batch
  return (
    <div className="row batch" data-testid="prompt-batch" data-batch={batch.key}>
      <span className="grow clip">
        {requests.length} of {isAgentText ? <AgentText text={name} max={60} /> : <b>{name}</b>}
      </span>
      {(['deny', 'allow'] as const).map((action) => (
        <Button
          key={action}
          small
          disabled={!hasSettled}
          onClick={() => void answerAll(requests, action)}
          data-testid={`batch-${action}`}
        >
          {action === 'deny' ? 'Deny these' : 'Allow these once'}
        </Button>
      ))}
    </div>
  )
}

function groupBySession(all: readonly Waiting[]): [SessionId, readonly Waiting[]][] {
  const ids = [...new Set(all.map((waiting) => askedIn(waiting).sessionId))]
  return ids.map((id) => [id, all.filter((waiting) => askedIn(waiting).sessionId === id)])
}

function InboxGroup({ id, waiting }: { id: SessionId; waiting: readonly Waiting[] }) {
  const session = useSessions((state) => state.byId.get(id))
  const requests = waiting.flatMap((item) => (item.kind === 'request' ? [item.request] : []))
  const rest = waiting.length - SHOWN_PER_SESSION
  return (
    <section className="inbox-group" aria-label={session?.title ?? 'Session'}>
      <header className="row">
        <h2 className="clip">{session?.title ?? 'A session'}</h2>
        {session && (
          <>
            <LevelBadge level={session.spec.level} />
            <AxisStrip axes={session.axes} />
          </>
        )}
        <span className="grow" />
        <Button small look="quiet" onClick={() => goTo('sessions', id)}>
          Show session
        </Button>
        {requests.length > 1 && (
          <Button
            small
            look="danger"
            onClick={() => void answerAll(requests, 'deny')}
            data-testid="prompt-deny-all"
          >
            Deny all {plural(requests.length, 'connection')}
          </Button>
        )}
      </header>
      <Batches requests={requests} />
      {waiting
        .slice(0, SHOWN_PER_SESSION)
        .map((item) =>
          item.kind === 'request' ? (
            <PromptCard key={item.request.id} request={item.request} />
          ) : (
            <QuestionCard key={item.question.id} question={item.question} />
          ),
        )}
      {rest > 0 && (
        <p className="dim small">{plural(rest, 'more prompt')} of this session behind these.</p>
      )}
    </section>
  )
}
