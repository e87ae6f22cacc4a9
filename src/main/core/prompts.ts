import type { PromptChange } from '../../shared/contract/api.ts'
import type { StreamSource } from '../../shared/contract/define.ts'
import type { ConnectionId, PromptId, SessionId } from '../../shared/domain/ids.ts'
import type {
  Decision,
  Destination,
  PermissionRequest,
  PromptAnswer,
  Requester,
  Rule,
} from '../../shared/domain/policy.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { createBroadcast } from './broadcast.ts'
import type { NewId } from './ids.ts'
import { decideByRules } from './policy/decide.ts'
import type { RuleBook } from './policy/rules.ts'
import type { Clock } from './ports.ts'

export interface Question {
  readonly sessionId: SessionId
  readonly workspace: string
  readonly connectionId: ConnectionId
  readonly destination: Destination
  readonly requester: Requester | null
  /** Aborted when the client hung up. */
  readonly gone: AbortSignal
}

export interface Prompts {
  /** Resolves with the decision; a person, a new rule, the clock or the session's end gives it. */
  ask(question: Question): Promise<Decision>
  answer(answer: PromptAnswer): Result<Decision, { readonly type: 'prompt_expired' }>
  /** The session ended: everything of it that still waits is denied. */
  cancel(sessionId: SessionId): void
  readonly watch: StreamSource<PermissionRequest[], PromptChange>
}

export interface PromptsOptions {
  readonly clock: Clock
  readonly rules: RuleBook
  readonly report: (sessionId: SessionId, fact: Fact) => void
  readonly newId: NewId
  /** Milliseconds a question waits for a person before it denies by itself. */
  readonly timeoutMs: number
}

interface Waiting {
  request: PermissionRequest
  readonly workspace: string
  readonly settlers: Map<ConnectionId, (decision: Decision) => void>
  readonly timer: NodeJS.Timeout
}

/** Identical questions of one session collapse; different ones queue, oldest first. */
export function createPrompts(options: PromptsOptions): Prompts {
  const waiting = new Map<PromptId, Waiting>()
  const { tell, watch } = createBroadcast<PermissionRequest[], PromptChange>(() =>
    [...waiting.values()].map((entry) => entry.request),
  )

  const settle = (entry: Waiting, decision: Decision): void => {
    const { id, sessionId } = entry.request
    if (!waiting.delete(id)) return
    clearTimeout(entry.timer)
    options.report(sessionId, { type: 'prompt/answered', promptId: id, decision })
    tell({ type: 'settled', id, decision })
    for (const resolve of entry.settlers.values()) resolve(decision)
  }

  const raise = (question: Question): Waiting => {
    const { sessionId, destination, requester, connectionId, workspace } = question
    const id = options.newId('prm')
    const raisedAtMs = options.clock.wallMs()
    const entry: Waiting = {
      request: {
        id,
        sessionId,
        raisedAtMs,
        expiresAtMs: raisedAtMs + options.timeoutMs,
        destination,
        requester,
        connections: [connectionId],
      },
      workspace,
      settlers: new Map(),
      timer: setTimeout(
        () => settle(entry, { action: 'deny', by: { kind: 'timeout' } }),
        options.timeoutMs,
      ),
    }
    waiting.set(id, entry)
    options.report(sessionId, { type: 'prompt/raised', request: entry.request })
    tell({ type: 'set', request: entry.request })
    return entry
  }

  const join = (entry: Waiting, connectionId: ConnectionId): void => {
    const { request } = entry
    entry.request = { ...request, connections: [...request.connections, connectionId] }
    options.report(request.sessionId, {
      type: 'prompt/joined',
      promptId: request.id,
      connectionId,
    })
    tell({ type: 'set', request: entry.request })
  }

  /** A new rule may answer more than the prompt it came from. */
  const settleCovered = (): void => {
    for (const entry of [...waiting.values()]) {
      const decision = decideByRules({
        destination: entry.request.destination,
        rules: options.rules.all(),
        sessionId: entry.request.sessionId,
        workspace: entry.workspace,
        sessionDefault: 'ask',
      })
      if (decision !== 'ask') settle(entry, decision)
    }
  }

  const remember = (entry: Waiting, answer: PromptAnswer): void => {
    const { sessionId, destination } = entry.request
    if (answer.lifetime === 'once') return
    const rule: Rule = {
      id: options.newId('rul'),
      action: answer.action,
      host: destination.host,
      port: destination.port,
      scope:
        answer.lifetime === 'session'
          ? { kind: 'session', sessionId }
          : { kind: 'workspace', workspace: entry.workspace },
      origin: 'prompt',
      createdAtMs: options.clock.wallMs(),
    }
    options.rules.add(rule)
    options.report(sessionId, { type: 'rule/added', rule })
  }

  return {
    ask: (question) =>
      new Promise((resolve) => {
        const same = [...waiting.values()].find((entry) => isSame(entry.request, question))
        const entry = same ?? raise(question)
        if (same) join(same, question.connectionId)
        entry.settlers.set(question.connectionId, resolve)
        const withdraw = (): void => {
          if (!entry.settlers.delete(question.connectionId)) return
          const decision: Decision = {
            action: 'deny',
            by: { kind: 'default', reason: 'the client hung up' },
          }
          resolve(decision)
          if (entry.settlers.size === 0) settle(entry, decision)
        }
        if (question.gone.aborted) withdraw()
        else question.gone.addEventListener('abort', withdraw, { once: true })
      }),

    answer: (answer) => {
      const entry = waiting.get(answer.promptId)
      if (!entry) return err({ type: 'prompt_expired' })
      const decision: Decision = {
        action: answer.action,
        by: { kind: 'person', lifetime: answer.lifetime },
      }
      remember(entry, answer)
      settle(entry, decision)
      settleCovered()
      return ok(decision)
    },

    cancel: (sessionId) => {
      for (const entry of [...waiting.values()])
        if (entry.request.sessionId === sessionId)
          settle(entry, {
            action: 'deny',
            by: { kind: 'default', reason: 'the session ended' },
          })
    },

    watch,
  }
}

/** Same session, host and port: one question, whatever protocol carried it. */
const isSame = (request: PermissionRequest, question: Question): boolean =>
  request.sessionId === question.sessionId &&
  request.destination.host === question.destination.host &&
  request.destination.port === question.destination.port
