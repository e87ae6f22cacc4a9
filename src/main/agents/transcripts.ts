import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { AgentId } from '../../shared/domain/agent.ts'
import type { Said } from '../../shared/domain/transcript.ts'

// What agents write down of their conversations, in their own folders. It is their word: read with
// bounds, never followed anywhere, and shown as what it is.

export interface TranscriptRequest {
  /** Cloche's folder for this agent's state. */
  readonly folder: string
  readonly agent: AgentId
  readonly workspace: string
  /** Wall clock, ms: from the session's start to its end. */
  readonly fromMs: number
  readonly toMs: number
}

const MOST_FILES = 50
const MOST_BYTES = 16 * 1024 * 1024
const MOST_ENTRIES = 2000
const MOST_LETTERS = 300
const MOST_DEPTH = 6

interface Format {
  /** Below the agent's folder. */
  readonly place: string
  readonly isFile: (name: string) => boolean
  readonly read: (line: unknown) => readonly Omit<Said, 'atMs'>[]
  /** Where the conversation was held, as a line says it; null: it does not. */
  readonly folderOf: (line: unknown) => string | null
}

const Text = z.object({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() })
const ClaudeLine = z.object({
  type: z.enum(['user', 'assistant']),
  message: z.object({ content: z.union([z.string(), z.array(z.unknown())]) }),
})
const ToolUse = z.object({ type: z.literal('tool_use'), name: z.string(), input: z.unknown() })
const ClaudeFolder = z.object({ cwd: z.string() })
const CodexMessage = z.object({
  type: z.literal('response_item'),
  payload: z.object({
    type: z.literal('message'),
    role: z.string(),
    content: z.array(z.unknown()),
  }),
})
const CodexCall = z.object({
  type: z.literal('response_item'),
  payload: z.object({
    type: z.enum(['function_call', 'custom_tool_call', 'local_shell_call']),
    name: z.string().optional(),
    arguments: z.string().optional(),
  }),
})
const CodexFolder = z.object({
  type: z.literal('session_meta'),
  payload: z.object({ cwd: z.string() }),
})
const Stamped = z.object({ timestamp: z.iso.datetime({ offset: true }) })

const textsIn = (content: string | readonly unknown[]): string[] =>
  typeof content === 'string'
    ? [content]
    : content.flatMap((part) => Text.safeParse(part).data?.text ?? [])

const FORMATS: Partial<Record<AgentId, Format>> = {
  'claude-code': {
    place: '.claude/projects',
    isFile: (name) => name.endsWith('.jsonl'),
    folderOf: (line) => ClaudeFolder.safeParse(line).data?.cwd ?? null,
    read: (line) => {
      const found = ClaudeLine.safeParse(line).data
      if (!found) return []
      const { content } = found.message
      const who = found.type === 'user' ? 'person' : 'agent'
      const tools = typeof content === 'string' ? [] : content
      return [
        ...textsIn(content).map((text) => ({ who, text }) as const),
        ...tools.flatMap((part) => {
          const tool = ToolUse.safeParse(part).data
          const text = tool && `${tool.name} ${JSON.stringify(tool.input ?? null)}`
          return text ? [{ who: 'tool', text } as const] : []
        }),
      ]
    },
  },
  codex: {
    place: '.codex/sessions',
    isFile: (name) => /^rollout-.*\.jsonl$/.test(name),
    folderOf: (line) => CodexFolder.safeParse(line).data?.payload.cwd ?? null,
    read: (line) => {
      const message = CodexMessage.safeParse(line).data?.payload
      if (message) {
        if (message.role !== 'user' && message.role !== 'assistant') return []
        const who = message.role === 'user' ? 'person' : 'agent'
        return textsIn(message.content).map((text) => ({ who, text }) as const)
      }
      const call = CodexCall.safeParse(line).data?.payload
      return call ? [{ who: 'tool', text: `${call.name ?? 'shell'} ${call.arguments ?? ''}` }] : []
    },
  },
}

/** What was said in a session, in its order; empty where the agent keeps nothing that is known. */
export async function readTranscript(request: TranscriptRequest): Promise<Said[]> {
  const format = FORMATS[request.agent]
  if (!format) return []
  const said: Said[] = []
  for (const path of await filesBelow(join(request.folder, format.place), format.isFile, 0)) {
    const lines = (await readOwn(path, request.fromMs))?.split('\n') ?? []
    said.push(...saidIn(lines, format, request))
    if (said.length >= MOST_ENTRIES) break
  }
  return said.sort((a, b) => a.atMs - b.atMs).slice(0, MOST_ENTRIES)
}

function saidIn(
  lines: readonly string[],
  format: Format,
  { workspace, fromMs, toMs }: TranscriptRequest,
): Said[] {
  const said: Said[] = []
  for (const text of lines) {
    const line = parse(text)
    const folder = format.folderOf(line)
    // It is of another workspace, all of it.
    if (folder !== null && folder !== workspace) return []
    const timestamp = Stamped.safeParse(line).data?.timestamp
    const atMs = timestamp ? Date.parse(timestamp) : NaN
    if (!(atMs >= fromMs && atMs <= toMs)) continue
    for (const entry of format.read(line)) {
      if (entry.who === 'person' && isAdded(entry.text)) continue
      const words = entry.text.trim().replaceAll(/\s+/g, ' ').slice(0, MOST_LETTERS)
      if (words !== '') said.push({ atMs, who: entry.who, text: words })
    }
  }
  return said
}

/** What agents put before a person's words, in their name: the folder, the date, reminders. */
const isAdded = (text: string): boolean => /^\s*<([a-z_-]+)>[^]*<\/\1>\s*$/.test(text)

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/** Links are no files and no folders here. */
async function filesBelow(
  folder: string,
  isFile: (name: string) => boolean,
  depth: number,
): Promise<string[]> {
  const found: string[] = []
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  // The newest names last, and those are wanted.
  for (const entry of entries.sort((a, b) => (a.name < b.name ? 1 : -1))) {
    if (found.length >= MOST_FILES) break
    const path = join(folder, entry.name)
    if (entry.isFile() && isFile(entry.name)) found.push(path)
    else if (entry.isDirectory() && depth < MOST_DEPTH)
      found.push(...(await filesBelow(path, isFile, depth + 1)))
  }
  return found.slice(0, MOST_FILES)
}

/** null: no plain file, too large, or not written to since. */
async function readOwn(path: string, sinceMs: number): Promise<string | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags).catch(() => null)
  if (!file) return null
  try {
    const info = await file.stat()
    if (!info.isFile() || info.size > MOST_BYTES || info.mtimeMs < sinceMs) return null
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
