import { descriptorOf } from './agents/descriptors.ts'
import { newId } from './core/ids.ts'
import type { RuleBook } from './core/policy/rules.ts'
import type { Clock } from './core/ports.ts'
import { createPrompts, type Prompts } from './core/prompts.ts'
import { createQuestions, type Questions } from './core/questions.ts'
import type { Sessions } from './core/sessions.ts'
import type { Timeline } from './core/timeline.ts'

const PROMPT_TIMEOUT_MS = 60_000

/** Who asks, in its own words, and for what, in ours. */
export interface Call {
  readonly name: string
  readonly wants: string
}

export interface InboxOptions {
  readonly clock: Clock
  readonly rules: RuleBook
  readonly timeline: Timeline
  readonly env: Readonly<Record<string, string | undefined>>
  readonly sessions: () => Sessions
}

/** Everything a person is asked: by the boundary, and by the agents themselves. */
export function createInbox({ clock, rules, timeline, env, sessions }: InboxOptions): {
  readonly prompts: Prompts
  readonly questions: Questions
  readonly onPrompt: (raised: (call: Call) => void) => void
} {
  const prompts = createPrompts({
    clock,
    rules,
    report: timeline.append,
    newId,
    ruleAdded: (rule) => sessions().ruleAdded(rule),
    modeOf: (id) => sessions().networkModeOf(id),
    timeoutMs: Number(env.CLOCHE_PROMPT_TIMEOUT_MS) || PROMPT_TIMEOUT_MS,
  })
  const questions = createQuestions({
    ...{ clock, newId, report: timeline.append },
    wireOf: (agent) => descriptorOf(agent).questions?.wire ?? null,
  })
  return {
    prompts,
    questions,
    onPrompt: (raised) => {
      prompts.watch((frame) => {
        if (frame.type !== 'delta' || frame.change.type !== 'set') return
        const { requester, destination, connections } = frame.change.request
        const wants = `wants to connect to ${destination.host}:${destination.port}`
        if (connections.length === 1) raised({ name: nameOf(requester), wants })
      })
      questions.watch((frame) => {
        if (frame.type !== 'delta' || frame.change.type !== 'set') return
        const wants = 'asks whether it may use a tool'
        raised({ name: nameOf(frame.change.question.requester), wants })
      })
    },
  }
}

const nameOf = (requester: { readonly process: { readonly name: string } } | null): string =>
  requester?.process.name ?? 'A program'
