import type { PromptChange } from '../../shared/contract/api.ts'
import type { StreamSource } from '../../shared/contract/define.ts'
import type { ConnectionId, PromptId, SessionId } from '../../shared/domain/ids.ts'
import {
  type Decision,
  type Destination,
  MACHINE_NAME,
  type PermissionRequest,
  type PromptAnswer,
  type Requester,
  type Rule,
} from '../../shared/domain/policy.ts'
import type { NetworkMode } from '../../shared/domain/network-mode.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { createBroadcast } from './broadcast.ts'
import type { NewId } from './ids.ts'
import { decideByRules } from './policy/decide.ts'
import {
  coversHost,
  type KnownTraffic,
  parseAllowPattern,
  parseHostPattern,
  widerPattern,
} from './policy/match.ts'
import { ONE_PORT } from './policy/rule-edits.ts'
import type { RuleBook } from './policy/rules.ts'
import { isInScope } from './policy/scope.ts'
import type { Clock } from './ports.ts'

export interface Question {
  readonly sessionId: SessionId
  readonly workspace: string
  readonly connectionId: ConnectionId
  readonly destination: Destination
  readonly requester: Requester | null
  readonly known?: KnownTraffic
  /** Aborted when the client hung up. */
  readonly gone: AbortSignal
}

export type AnswerError =
  | { readonly type: 'prompt_expired' }
  | { readonly type: 'answer_refused'; readonly reason: string }

export interface Prompts {
  /** Resolves with the decision; a person, a new rule, the clock or the session's end gives it. */
  ask(question: Question): Promise<Decision>
  answer(answer: PromptAnswer): Result<Decision, AnswerError>
  /** The rule this answer would make; null: none, or there is no such prompt. */
  ruleFor(answer: PromptAnswer): Rule | null
  /** Rules or modes changed by another way than an answer: what they now decide waits no longer. */
  rulesChanged(): void
  /** The session ended: everything of it that still waits is denied. */
  cancel(sessionId: SessionId): void
  readonly watch: StreamSource<PermissionRequest[], PromptChange>
}

export interface PromptsOptions {
  readonly clock: Clock
  readonly rules: RuleBook
  readonly report: (sessionId: SessionId, fact: Fact) => void
  readonly newId: NewId
  /** What becomes of connections that no rule covers. */
  readonly modeOf: (sessionId: SessionId) => NetworkMode
  /** A rule came into force through an answer. */
  readonly ruleAdded: (rule: Rule) => void
  /** Milliseconds a question waits for a person before it denies by itself. */
  readonly timeoutMs: number
}

/** One connection that waits. It may move to another prompt when a part of its own is answered. */
interface Held {
  readonly question: Question
  readonly resolve: (decision: Decision) => void
  entry: Waiting | null
}

interface Waiting {
  request: PermissionRequest
  readonly workspace: string
  readonly held: Map<ConnectionId, Held>
  readonly timer: NodeJS.Timeout
  /** Connections joined that viewers have not been told of. */
  telling: NodeJS.Timeout | null
}

/** Milliseconds after which viewers know of further connections of a prompt. */
const JOIN_MS = 100

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
    if (entry.telling) clearTimeout(entry.telling)
    options.report(sessionId, { type: 'prompt/answered', promptId: id, decision })
    tell({ type: 'settled', id, decision })
    for (const { resolve } of entry.held.values()) resolve(decision)
  }

  const raise = (question: Question): Waiting => {
    const { sessionId, destination, requester, connectionId, workspace, known } = question
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
        wider: widerPattern(destination.host),
        ...(known?.request ? { request: known.request } : {}),
      },
      workspace,
      held: new Map(),
      timer: setTimeout(
        () => settle(entry, { action: 'deny', by: { kind: 'timeout' } }),
        options.timeoutMs,
      ),
      telling: null,
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
    // A program may ask thousands of times; a count need not be told that often.
    entry.telling ??= setTimeout(() => {
      entry.telling = null
      if (waiting.has(request.id)) tell({ type: 'set', request: entry.request })
    }, JOIN_MS)
  }

  /** Joins the prompt for the same destination, or raises one. */
  const place = (held: Held): void => {
    const { question } = held
    const same = [...waiting.values()].find((entry) => isSame(entry.request, question))
    held.entry = same ?? raise(question)
    if (same) join(same, question.connectionId)
    held.entry.held.set(question.connectionId, held)
  }

  /**
   * Settles those of a prompt that `decide` has an answer for. The others ask anew: one answer for
   * a process is none for another that happened to want the same.
   */
  const settlePart = (entry: Waiting, decide: (question: Question) => Decision | 'ask'): void => {
    let decision: Decision | null = null
    const others: Held[] = []
    for (const held of entry.held.values()) {
      const own = decide(held.question)
      if (own === 'ask') others.push(held)
      else decision ??= own
    }
    if (!decision) return
    for (const { question } of others) entry.held.delete(question.connectionId)
    settle(entry, decision)
    for (const held of others) place(held)
  }

  /** A new rule may answer more than the prompt it came from. */
  const settleCovered = (): void => {
    for (const entry of [...waiting.values()])
      settlePart(entry, ({ destination, sessionId, workspace, requester, known }) =>
        decideByRules({
          ...{ destination, sessionId, workspace, requester },
          ...(known ? { known } : {}),
          rules: options.rules.all(),
          otherwise: options.modeOf(sessionId),
        }),
      )
  }

  const remember = (entry: Waiting, answer: PromptAnswer): Rule | null => {
    const rule = ruleOf(entry, answer, {
      id: options.newId('rul'),
      createdAtMs: options.clock.wallMs(),
    })
    if (!rule) return null
    options.rules.put(rule)
    options.report(entry.request.sessionId, { type: 'rule/added', rule })
    options.ruleAdded(rule)
    return rule
  }

  return {
    ask: (question) =>
      new Promise((resolve) => {
        const held: Held = { question, resolve, entry: null }
        place(held)
        const withdraw = (): void => {
          const { entry } = held
          if (!entry?.held.delete(question.connectionId)) return
          const decision: Decision = {
            action: 'deny',
            by: { kind: 'default', reason: 'the client hung up' },
          }
          resolve(decision)
          if (entry.held.size === 0) settle(entry, decision)
        }
        if (question.gone.aborted) withdraw()
        else question.gone.addEventListener('abort', withdraw, { once: true })
      }),

    answer: (answer) => {
      const entry = waiting.get(answer.promptId)
      if (!entry) return err({ type: 'prompt_expired' })
      const reason = whyRefused(entry.request, answer)
      if (reason) return err({ type: 'answer_refused', reason })
      const decision: Decision = {
        action: answer.action,
        by: { kind: 'person', lifetime: answer.lifetime },
      }
      const rule = remember(entry, answer)
      settlePart(entry, (question) => (rule && !isInScope(rule, question) ? 'ask' : decision))
      settleCovered()
      return ok(decision)
    },

    ruleFor: (answer) => {
      const entry = waiting.get(answer.promptId)
      if (!entry || whyRefused(entry.request, answer)) return null
      return ruleOf(entry, answer, {
        id: options.newId('rul'),
        createdAtMs: options.clock.wallMs(),
      })
    },

    rulesChanged: settleCovered,

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

/** Same session, host and port: one question, whatever protocol carried it; one for all requests. */
const isSame = (request: PermissionRequest, question: Question): boolean =>
  request.sessionId === question.sessionId &&
  request.destination.host === question.destination.host &&
  request.destination.port === question.destination.port &&
  (request.request === undefined) === (question.known?.request === undefined)

/** The rule an answer makes; null for one that holds this once. */
function ruleOf(
  { request, workspace }: Pick<Waiting, 'request' | 'workspace'>,
  { action, lifetime, host, everyPort, forMs }: PromptAnswer,
  made: Pick<Rule, 'id' | 'createdAtMs'>,
): Rule | null {
  const scope = scopeOf(request, workspace, lifetime)
  return (
    scope && {
      ...made,
      action,
      host: host ?? request.destination.host,
      port: everyPort ? null : request.destination.port,
      ...(request.request && METHOD.test(request.request.method)
        ? { request: { methods: [request.request.method], path: null } }
        : {}),
      scope,
      expiresAtMs: forMs === null ? null : made.createdAtMs + forMs,
      origin: 'prompt',
    }
  )
}

/** A rule can name it. */
const METHOD = /^[A-Z]{1,20}$/

function scopeOf(
  { sessionId, requester }: PermissionRequest,
  workspace: string,
  lifetime: PromptAnswer['lifetime'],
): Rule['scope'] | null {
  switch (lifetime) {
    case 'once':
      return null
    case 'process':
      return (
        requester && {
          kind: 'process',
          sessionId,
          process: requester.process.key,
          name: requester.process.name,
        }
      )
    case 'session':
      return { kind: 'session', sessionId }
    case 'workspace':
      return { kind: 'workspace', workspace }
    case 'everywhere':
      return { kind: 'everywhere' }
  }
}

/** An answer wider than what was asked is taken only when it is about what was asked. */
function whyRefused(request: PermissionRequest, answer: PromptAnswer): string | null {
  if (answer.lifetime === 'process' && !request.requester)
    return 'The process that asked is not known, so no rule can be made for it.'
  if (answer.action === 'allow' && answer.everyPort && request.destination.host === MACHINE_NAME)
    return ONE_PORT
  if (answer.host === null) return null
  const parse = answer.action === 'allow' ? parseAllowPattern : parseHostPattern
  const pattern = parse(answer.host)
  if (!pattern.ok) return `The pattern cannot be used: ${pattern.error}.`
  return coversHost(pattern.value, request.destination.host)
    ? null
    : 'The pattern does not cover the host that was asked for.'
}
