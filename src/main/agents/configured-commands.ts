import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { z } from 'zod'
import type { Plan } from '../core/isolation/plan.ts'
import { type AgentCommands, NO_COMMANDS } from '../core/process-roles.ts'

const MAX_BYTES = 1024 * 1024

const Server = z.object({ command: z.string(), args: z.array(z.string()).default([]) })
const Servers = z.record(z.string(), z.unknown())
const Hooks = z.record(
  z.string(),
  z.array(z.object({ hooks: z.array(z.object({ command: z.string().optional() })) })),
)
/** Every agent's settings in one shape: what a file does not have is simply not there. */
const Settings = z.object({
  /** Claude Code, Gemini CLI. */
  mcpServers: Servers.optional().catch(undefined),
  /** Codex. */
  mcp_servers: Servers.optional().catch(undefined),
  /** OpenCode: the whole command line. */
  mcp: z.record(z.string(), z.unknown()).optional().catch(undefined),
  /** Claude Code, by workspace. */
  projects: z
    .record(z.string(), z.object({ mcpServers: Servers.optional() }))
    .optional()
    .catch(undefined),
  hooks: Hooks.optional().catch(undefined),
})
const OpenCodeServer = z.object({ command: z.array(z.string()).min(1) })

/** Below the person's home, and below the workspace. */
const HOME_FILES = [
  '.claude/.claude.json',
  '.claude.json',
  '.claude/settings.json',
  '.codex/config.toml',
  '.gemini/settings.json',
  '.config/opencode/opencode.json',
]
const WORKSPACE_FILES = [
  '.mcp.json',
  '.claude/settings.json',
  '.claude/settings.local.json',
  '.gemini/settings.json',
  'opencode.json',
]

/**
 * What the agents' own settings make them start: their MCP servers and hooks, as they are when the
 * session starts. The files are agent-controlled: read as text, in bounds, and only to name
 * processes. One that is damaged counts as absent.
 */
export async function readConfiguredCommands(plan: Plan): Promise<AgentCommands> {
  const paths = [
    ...HOME_FILES.map((file) => onMachine(plan, join(plan.home, file))),
    ...WORKSPACE_FILES.map((file) => join(plan.workspace, file)),
  ]
  const found = await Promise.all(
    paths.map(async (path) => commandsOf(path, await readSmall(path), plan.workspace)),
  )
  return {
    mcpServers: found.flatMap(({ mcpServers }) => mcpServers),
    hooks: found.flatMap(({ hooks }) => hooks),
  }
}

/** Where a file of the session's home is on this machine. */
function onMachine({ mounts }: Plan, path: string): string {
  const mount = mounts.find(({ target }) => path.startsWith(`${target}/`))
  return mount ? join(mount.source, path.slice(mount.target.length)) : path
}

export function commandsOf(path: string, text: string | null, workspace: string): AgentCommands {
  const settings = text === null ? null : Settings.safeParse(parseText(path, text))
  if (!settings?.success) return NO_COMMANDS
  const { mcpServers, mcp_servers, mcp, projects, hooks } = settings.data
  const servers = { ...mcpServers, ...mcp_servers, ...projects?.[workspace]?.mcpServers }
  return {
    mcpServers: [
      ...Object.values(servers).flatMap((value) => {
        const server = Server.safeParse(value)
        return server.success ? [[server.data.command, ...server.data.args]] : []
      }),
      ...Object.values(mcp ?? {}).flatMap((value) => {
        const server = OpenCodeServer.safeParse(value)
        return server.success ? [server.data.command] : []
      }),
    ],
    hooks: Object.values(hooks ?? {})
      .flat()
      .flatMap((matcher) => matcher.hooks.flatMap(({ command }) => command ?? [])),
  }
}

function parseText(path: string, text: string): unknown {
  try {
    return path.endsWith('.toml') ? parseToml(text) : JSON.parse(text)
  } catch {
    return null
  }
}

/** null: absent, no plain file (a pipe would make its reader wait), or too large to be settings. */
async function readSmall(path: string): Promise<string | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const info = await file.stat()
      return info.isFile() && info.size <= MAX_BYTES ? await file.readFile('utf8') : null
    } finally {
      await file.close()
    }
  } catch {
    return null
  }
}
