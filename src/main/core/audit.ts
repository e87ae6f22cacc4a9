import type { AuditEntry } from '../../shared/domain/audit.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { Destination, Requester } from '../../shared/domain/policy.ts'
import type { Session } from '../../shared/domain/session.ts'
import type { Fact, TimelineEvent } from '../../shared/domain/timeline.ts'
import type { SessionState } from '../../shared/projection.ts'
import type { AuditStore } from './ports.ts'

/** Facts that somebody may have to answer for. */
const AUDITED: ReadonlySet<Fact['type']> = new Set([
  ...(['session/created', 'session/failed', 'session/ended', 'session/interrupted'] as const),
  ...(['review/opened', 'review/applied', 'review/closed'] as const),
  ...(['net/decided', 'net/refused', 'prompt/answered', 'rule/added', 'rule/removed'] as const),
  ...([
    'network/switched',
    'isolation/changed',
    'isolation/restored',
    'limits/changed',
    'port/opened',
    'port/closed',
    'files/copied',
    'proc/controlled',
    'limits/reached',
  ] as const),
])

export interface Audit {
  /** `state`: after the events. */
  told(id: SessionId, events: readonly TimelineEvent[], state: SessionState): void
  removed(session: Session, atMs: number): void
}

/** Copies what is to be answered for from every session into one chain of entries. */
export function createAudit(store: AuditStore): Audit {
  return {
    told: (sessionId, events, state) => {
      const { session } = state
      if (!session) return
      for (const { fact, atMs } of events)
        if (AUDITED.has(fact.type) || isAnswer(fact))
          store.append({
            ...about(session),
            sessionId,
            atMs,
            ...whatFor(fact, state),
            fact: slim(fact),
          })
    },
    removed: (session, atMs) =>
      store.append({
        ...about(session),
        ...{ sessionId: session.id, atMs, destination: null, program: null },
        fact: { type: 'recording/removed' },
      }),
  }
}

/** What a person answered an agent. What it withdrew was never decided. */
const isAnswer = (fact: Fact): boolean =>
  fact.type === 'question/settled' && fact.outcome.kind === 'person'

const about = ({ title, spec }: Session): Pick<AuditEntry, 'title' | 'workspace'> => ({
  title,
  workspace: spec.workspace,
})

/** The policy in words is long, and is in the recording. */
const slim = (fact: Fact): Fact =>
  fact.type === 'session/created' ? { ...fact, session: { ...fact.session, policy: null } } : fact

function whatFor(fact: Fact, state: SessionState): Pick<AuditEntry, 'destination' | 'program'> {
  if (fact.type === 'prompt/answered') {
    const request = state.answered.findLast((item) => item.request.id === fact.promptId)?.request
    return of(request?.destination, request?.requester)
  }
  if (fact.type === 'question/settled') return of(undefined, fact.question.requester)
  if (fact.type === 'net/decided' || fact.type === 'net/refused') {
    const entry = state.network.get(fact.connectionId)
    return of(entry?.destination, entry?.requester)
  }
  return { destination: null, program: null }
}

const of = (destination?: Destination, requester?: Requester | null) => ({
  destination: destination ?? null,
  program: requester ? requester.process.argv.join(' ') || requester.process.name : null,
})
