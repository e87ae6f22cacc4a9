import { z } from 'zod'
import { QUESTIONS_NAME } from '../../shared/domain/agent-question.ts'
import type { QuestionWire } from '../core/questions.ts'

// Claude Code asks hooks of PermissionRequest beside its own prompt in the terminal; whoever answers first counts.
// A hook of the kind `http` is a request that Claude Code itself makes, so nothing of ours has to be inside.

/** Seconds Claude Code waits for our answer. */
const HOOK_TIMEOUT_S = 600

const HOOK = {
  matcher: '*',
  hooks: [{ type: 'http', url: `http://${QUESTIONS_NAME}/`, timeout: HOOK_TIMEOUT_S }],
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What stands last wins; objects are merged, as Claude Code does with its own files. */
function merged(
  one: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const result: Record<string, unknown> = { ...one }
  for (const [key, value] of Object.entries(other)) {
    const before = result[key]
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value
  }
  return result
}

function parseSettings(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

/** null: they hold something where hooks would be that is not ours to judge. */
function withHook(settings: Readonly<Record<string, unknown>>): string | null {
  const hooks = settings.hooks ?? {}
  if (!isObject(hooks)) return null
  const own = z.array(z.unknown()).safeParse(hooks.PermissionRequest ?? [])
  if (!own.success) return null
  return JSON.stringify({
    ...settings,
    hooks: { ...hooks, PermissionRequest: [...own.data, HOOK] },
  })
}

const OPTION = '--settings'

/**
 * Arguments with which Claude Code brings its questions to Cloche. It takes `--settings` once, so ours
 * and the person's become one; hooks of theirs stay. Where theirs is a file, which may be one that only
 * exists inside, or is no JSON, all stays as it is: the terminal asks.
 */
export function withQuestions(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  const before = end === -1 ? args : args.slice(0, end)
  const others: string[] = []
  let settings: Readonly<Record<string, unknown>> = {}
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? ''
    const isJoined = word.startsWith(`${OPTION}=`)
    if (word !== OPTION && !isJoined) {
      others.push(word)
      continue
    }
    const given = parseSettings(isJoined ? word.slice(OPTION.length + 1) : (before[++at] ?? ''))
    if (!given) return args
    settings = merged(settings, given)
  }
  const own = withHook(settings)
  return own === null ? args : [OPTION, own, ...others, ...(end === -1 ? [] : args.slice(end))]
}

/** Their dialogs ask for more than yes or no. */
const TERMINAL_ONLY = ['AskUserQuestion', 'ExitPlanMode']
const MOST_MEMBERS = 64

const HookInput = z.object({
  hook_event_name: z.literal('PermissionRequest'),
  tool_name: z.string().min(1).max(200),
  cwd: z.string().max(4096),
  tool_input: z.unknown(),
})

const decided = (decision: Readonly<Record<string, string>>): string =>
  JSON.stringify({ hookSpecificOutput: { hookEventName: 'PermissionRequest', decision } })

export const claudeQuestions: QuestionWire = {
  read: (body) => {
    const parsed = HookInput.safeParse(body)
    if (!parsed.success || !isObject(parsed.data.tool_input)) return null
    const { tool_name: tool, cwd: folder } = parsed.data
    if (TERMINAL_ONLY.includes(tool)) return 'leave'
    const members = Object.entries(parsed.data.tool_input)
    if (members.length > MOST_MEMBERS) return null
    const input = members.map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    }))
    return { tool, folder, input }
  },
  write: (choice, words) =>
    choice === 'allow'
      ? decided({ behavior: 'allow' })
      : decided({ behavior: 'deny', message: words.trim() || 'The person denied this.' }),
}
