import { create } from 'zustand'
import type { PromptChange, QuestionChange } from '../../shared/contract/api.ts'
import type { AgentQuestion } from '../../shared/domain/agent-question.ts'
import type { PromptId } from '../../shared/domain/ids.ts'
import {
  NARROW_ANSWER,
  type PermissionRequest,
  type PromptAnswer,
} from '../../shared/domain/policy.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { currentConnection } from '../connection.ts'
import { follow } from './live.ts'
import { useRules } from './rules.ts'

/** Keys and clicks in this time after a prompt came into view answer nothing. */
export const GRACE_MS = 400
const UNDO_MS = 5000

/** What a person chooses beside allow or deny. */
export type AnswerScope = Omit<PromptAnswer, 'promptId' | 'action'>

export interface RecentAllow {
  readonly request: PermissionRequest
  readonly scope: AnswerScope
}

interface PromptsState {
  readonly status: 'loading' | 'ready'
  /** Oldest first; the order never changes under the pointer. */
  readonly pending: readonly PermissionRequest[]
  /** What agents ask by themselves, in the same order. */
  readonly questions: readonly AgentQuestion[]
  readonly isMinimised: boolean
  readonly recentAllow: RecentAllow | null
  /** Ids whose answer is on its way. */
  readonly answering: ReadonlySet<PromptId>
  /** The last answer that came too late or failed, as a sentence. */
  readonly problem: string | null
}

export const usePrompts = create<PromptsState>(() => ({
  status: 'loading',
  pending: [],
  questions: [],
  isMinimised: false,
  recentAllow: null,
  answering: new Set(),
  problem: null,
}))

/** Of one inbox: whoever asks, the oldest comes first. */
export type Waiting =
  | { readonly kind: 'request'; readonly request: PermissionRequest }
  | { readonly kind: 'question'; readonly question: AgentQuestion }

export const askedIn = (waiting: Waiting): PermissionRequest | AgentQuestion =>
  waiting.kind === 'request' ? waiting.request : waiting.question

export function inOrder({ pending, questions }: Pick<PromptsState, 'pending' | 'questions'>) {
  const all: Waiting[] = [
    ...pending.map((request) => ({ kind: 'request', request }) as const),
    ...questions.map((question) => ({ kind: 'question', question }) as const),
  ]
  return all.sort((a, b) => askedIn(a).raisedAtMs - askedIn(b).raisedAtMs)
}

export const followQuestions = (): (() => void) =>
  follow<AgentQuestion[], QuestionChange>((api, onFrame) => api.question.list(null, onFrame), {
    snapshot: (questions) => usePrompts.setState({ questions }),
    delta: (change) =>
      usePrompts.setState(({ questions }) => ({
        questions:
          change.type === 'set'
            ? [...questions, change.question]
            : questions.filter(({ id }) => id !== change.id),
      })),
  })

export const followPrompts = (): (() => void) =>
  follow<PermissionRequest[], PromptChange>((api, onFrame) => api.prompt.list(null, onFrame), {
    snapshot: (state) =>
      usePrompts.setState({
        status: 'ready',
        pending: [...state].sort((a, b) => a.raisedAtMs - b.raisedAtMs),
      }),
    delta: (change) =>
      usePrompts.setState((state) => ({ pending: applyChange(state.pending, change) })),
  })

export function applyChange(
  pending: readonly PermissionRequest[],
  change: PromptChange,
): readonly PermissionRequest[] {
  if (change.type === 'settled') return pending.filter((item) => item.id !== change.id)
  const isKnown = pending.some((item) => item.id === change.request.id)
  return isKnown
    ? pending.map((item) => (item.id === change.request.id ? change.request : item))
    : [...pending, change.request]
}

let undoTimer: ReturnType<typeof setTimeout> | undefined

export async function answerPrompt(
  request: PermissionRequest,
  action: 'allow' | 'deny',
  scope: AnswerScope,
): Promise<void> {
  await answering(request.id, async ({ api }) => {
    const answered = await api.prompt.answer({ promptId: request.id, action, ...scope })
    usePrompts.setState({
      problem: answered.ok
        ? null
        : answered.error.type === 'answer_refused'
          ? answered.error.reason
          : 'Too late: that prompt was already denied or withdrawn.',
    })
    if (answered.ok && action === 'allow') offerUndo({ request, scope })
  })
}

/** One answer to one prompt is on its way at a time; a fault of it becomes the problem that is shown. */
export async function answering(
  id: PromptId,
  answer: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = currentConnection()
  if (!connection)
    return usePrompts.setState({ problem: 'Not answered: the host is not connected.' })
  if (usePrompts.getState().answering.has(id)) return
  mark(id, true)
  try {
    await answer(connection)
  } catch {
    usePrompts.setState({ problem: 'Not answered: the host did not take the answer.' })
  } finally {
    mark(id, false)
  }
}

/** How many attempts so far the rule of this answer would cover; null: not known. */
export async function reachOf(promptId: PromptId, scope: AnswerScope): Promise<number | null> {
  const answer = { promptId, action: 'allow' as const, ...scope }
  return (
    (await currentConnection()
      ?.api.prompt.reach(answer)
      .catch(() => null)) ?? null
  )
}

/** One answer for many, each as narrow as can be. */
export async function answerAll(
  requests: readonly PermissionRequest[],
  action: 'allow' | 'deny',
): Promise<void> {
  const once = { ...NARROW_ANSWER, lifetime: 'once' } as const
  await Promise.all(requests.map((request) => answerPrompt(request, action, once)))
}

/** Removes the rule the last Allow made; the host cuts what it let through. */
export async function undoAllow(): Promise<void> {
  const { recentAllow } = usePrompts.getState()
  const rule = recentAllow && ruleOf(recentAllow)
  usePrompts.setState({ recentAllow: null })
  if (!rule) return
  const removed = await currentConnection()
    ?.api.rule.remove({ id: rule.id })
    .catch(() => null)
  if (!removed?.ok)
    usePrompts.setState({ problem: 'Not revoked: find the rule under Rules and revoke it there.' })
}

export const ruleOf = ({ request: { destination }, scope: chosen }: RecentAllow) =>
  useRules
    .getState()
    .rules.findLast(
      ({ origin, action, host, port, scope }) =>
        origin === 'prompt' &&
        action === 'allow' &&
        scope.kind === chosen.lifetime &&
        host === (chosen.host ?? destination.host) &&
        port === (chosen.everyPort ? null : destination.port),
    )

export const setMinimised = (isMinimised: boolean): void => usePrompts.setState({ isMinimised })
export const dismissProblem = (): void => usePrompts.setState({ problem: null })

function offerUndo(recentAllow: RecentAllow): void {
  clearTimeout(undoTimer)
  usePrompts.setState({ recentAllow })
  undoTimer = setTimeout(() => usePrompts.setState({ recentAllow: null }), UNDO_MS)
}

function mark(id: PromptId, isAnswering: boolean): void {
  const answering = new Set(usePrompts.getState().answering)
  if (isAnswering) answering.add(id)
  else answering.delete(id)
  usePrompts.setState({ answering })
}
