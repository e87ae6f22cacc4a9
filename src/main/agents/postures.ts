import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseJsonc, type ParseError } from 'jsonc-parser'
import { parse as parseToml } from 'smol-toml'
import type { AgentId } from '../../shared/domain/agent.ts'
import type { Posture } from '../../shared/domain/posture.ts'
import { type ListOptions, listAgents } from './list.ts'

// What each agent does by itself comes from its settings on this machine. What it does where nothing is set is its own
// documentation's word for its default, and is said to be that.

type Settings = Readonly<Record<string, unknown>>
type Answers = Omit<Posture, 'agent' | 'name' | 'version'>

/** Asks one file; `undefined`: it does not say. */
interface Asked {
  readonly file: string
  readonly value: (...path: string[]) => unknown
  readonly isReadable: boolean
}

const AS_YOU = 'Every file, host and program that you reach'

const READERS: Partial<Record<AgentId, { file: string; read: (asked: Asked) => Answers }>> = {
  'claude-code': { file: '.claude/settings.json', read: ofClaude },
  codex: { file: '.codex/config.toml', read: ofCodex },
  'gemini-cli': { file: '.gemini/settings.json', read: ofGemini },
  opencode: { file: '.config/opencode/opencode.json', read: ofOpenCode },
}

/** Of every agent that is installed. Nothing of it is run. */
export async function readPostures(options: ListOptions): Promise<Posture[]> {
  const installed = (await listAgents(options, null)).filter(
    ({ executable }) => executable !== null,
  )
  const found = await Promise.all(
    installed.map(async ({ id, name, version }) => {
      const reader = READERS[id]
      if (!reader) return []
      const answers = reader.read(await ask(options.home, reader.file))
      return [{ agent: id, name, version, ...answers }]
    }),
  )
  return found.flat()
}

async function ask(home: string, file: string): Promise<Asked> {
  const shown = `~/${file}`
  const text = await readFile(join(home, file), 'utf8').catch(() => null)
  const settings = text === null ? {} : read(text, file.endsWith('.toml'))
  return {
    file: shown,
    isReadable: settings !== null,
    value: (...path) =>
      path.reduce<unknown>(
        (value, key) =>
          typeof value === 'object' && value !== null && key in value
            ? Object.entries(value).find(([name]) => name === key)?.[1]
            : undefined,
        settings ?? {},
      ),
  }
}

function read(text: string, isToml: boolean): Settings | null {
  try {
    if (isToml) return parseToml(text)
    const errors: ParseError[] = []
    const value: unknown = parseJsonc(text, errors, { allowTrailingComma: true })
    return errors.length === 0 && typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

const unreadable = ({ file }: Asked): Answers => {
  const fact = { value: 'Not known', from: `${file} cannot be read` }
  return { sandbox: fact, holds: fact, outside: fact, held: 'unknown' }
}

/** Where a setting comes from. */
const from = ({ file, value }: Asked, ...path: string[]): string =>
  value(...path) === undefined
    ? `its default: ${file} does not set ${path.join('.')}`
    : `${file}: ${path.join('.')}`

function ofClaude(asked: Asked): Answers {
  if (!asked.isReadable) return unreadable(asked)
  const isOn = asked.value('sandbox', 'enabled') === true
  const source = from(asked, 'sandbox', 'enabled')
  if (!isOn)
    return {
      sandbox: { value: 'None', from: source },
      holds: { value: 'Nothing: prompts and rules in the agent itself', from: source },
      outside: { value: AS_YOU, from: source },
      held: 'none',
    }
  const mayFallBack = asked.value('sandbox', 'failIfUnavailable') !== true
  return {
    sandbox: {
      value: `Its own, for shell commands${mayFallBack ? '; without it where it cannot start' : ''}`,
      from: from(asked, 'sandbox', 'failIfUnavailable'),
    },
    holds: {
      value: 'Shell commands. Not its own tools for files, MCP servers and hooks',
      from: 'its documentation',
    },
    outside: { value: `For what is not held: ${AS_YOU.toLowerCase()}`, from: source },
    held: 'part',
  }
}

function ofCodex(asked: Asked): Answers {
  if (!asked.isReadable) return unreadable(asked)
  const classic = asked.value('sandbox_mode')
  const profile = asked.value('default_permissions')
  const key = profile === undefined ? 'sandbox_mode' : 'default_permissions'
  const source = from(asked, key)
  const mode = typeof profile === 'string' ? profile : typeof classic === 'string' ? classic : null
  if (mode === 'danger-full-access' || mode === ':danger-full-access')
    return {
      sandbox: { value: 'None, by choice', from: source },
      holds: { value: 'Nothing', from: source },
      outside: { value: AS_YOU, from: source },
      held: 'none',
    }
  const hasNetwork = asked.value('sandbox_workspace_write', 'network_access') === true
  return {
    sandbox: { value: mode ?? 'read-only, or workspace-write in folders you trust', from: source },
    holds: {
      value: 'Commands of the model. Not MCP servers and hooks',
      from: 'its documentation',
    },
    outside: {
      value: hasNetwork
        ? 'Files are read; every host is reached'
        : 'Files are read; no host is reached',
      from: from(asked, 'sandbox_workspace_write', 'network_access'),
    },
    held: 'part',
  }
}

function ofGemini(asked: Asked): Answers {
  if (!asked.isReadable) return unreadable(asked)
  const path = asked.value('tools', 'sandbox') === undefined ? ['sandbox'] : ['tools', 'sandbox']
  const kind = asked.value(...path)
  const isOn = kind === true || (typeof kind === 'string' && kind !== '' && kind !== 'false')
  const source = kind === undefined ? from(asked, 'tools', 'sandbox') : from(asked, ...path)
  return {
    sandbox: {
      value: isOn ? `Its own: ${kind === true ? 'what is found' : String(kind)}` : 'None',
      from: source,
    },
    holds: { value: isOn ? 'The agent and its tools' : 'Nothing', from: source },
    outside: {
      value: isOn ? 'Every host, unless its own profile says otherwise' : AS_YOU,
      from: source,
    },
    held: isOn ? 'part' : 'none',
  }
}

function ofOpenCode(asked: Asked): Answers {
  if (!asked.isReadable) return unreadable(asked)
  const source = from(asked, 'permission')
  return {
    sandbox: { value: 'None', from: 'its documentation: it has none' },
    holds: {
      value:
        asked.value('permission') === undefined
          ? 'Nothing'
          : 'Nothing: its permissions are questions in the agent itself',
      from: source,
    },
    outside: { value: AS_YOU, from: 'its documentation' },
    held: 'none',
  }
}
