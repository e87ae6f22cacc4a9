import type { ProcessRole } from '../../shared/domain/process.ts'

/** What an agent is configured to start by itself: from its own settings, so agent-controlled. */
export interface AgentCommands {
  /** Each with its arguments. */
  readonly mcpServers: readonly (readonly string[])[]
  /** Command lines, as given to a shell. */
  readonly hooks: readonly string[]
}

export const NO_COMMANDS: AgentCommands = { mcpServers: [], hooks: [] }

/** What is known of a program when its role is decided. */
interface Program {
  readonly argv: readonly string[]
  readonly exe: string | null
}

/** By the last part of a path: of the program, or of the script that Node or Bun runs. */
const AGENTS = new Set([
  'claude',
  'claude.exe',
  'codex',
  'codex.js',
  'gemini',
  'gemini.js',
  'opencode',
  'opencode.exe',
])
const INTERPRETERS = new Set(['node', 'nodejs', 'bun', 'electron'])
const SHELLS = new Set(['ash', 'bash', 'dash', 'fish', 'ksh', 'sh', 'zsh'])
/** How servers of the Model Context Protocol are called, where no settings name them. */
const MCP_SHAPE = /@modelcontextprotocol\/|(^|[/@_-])mcp-(server|remote|proxy)\b|\bserver-mcp\b/

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
/** A login shell has a dash before its name. */
const nameOf = ({ argv }: Program): string => lastPart(argv[0] ?? '').replace(/^-/, '')

function isAgent(program: Program): boolean {
  const { argv, exe } = program
  const name = nameOf(program)
  if (AGENTS.has(name)) return true
  // An agent that calls itself again to prepare what it then becomes.
  if (argv[0] === '/proc/self/exe') return exe !== null && AGENTS.has(lastPart(exe))
  return INTERPRETERS.has(name) && AGENTS.has(lastPart(argv[1] ?? ''))
}

const isShell = (program: Program): boolean => SHELLS.has(nameOf(program))

const isSame = (argv: readonly string[], other: readonly string[]): boolean =>
  argv.length === other.length &&
  argv.every((word, index) => word === other[index] || (index === 0 && isSameFile(word, other[0])))

/** Settings say `node`, the process may say `/usr/bin/node`. */
const isSameFile = (word: string, configured: string | undefined): boolean =>
  configured !== undefined && lastPart(word) === lastPart(configured)

const isHook = (program: Program, { hooks }: AgentCommands): boolean =>
  isShell(program) && program.argv[1] === '-c' && hooks.includes(program.argv[2] ?? '')

const isMcpServer = ({ argv }: Program, { mcpServers }: AgentCommands): boolean =>
  mcpServers.some((server) => isSame(argv, server)) ||
  argv.slice(0, 4).some((word) => MCP_SHAPE.test(word))

interface Case {
  /** Role of the process that started it. */
  readonly parent: ProcessRole | null
  readonly is: (program: Program, commands: AgentCommands) => boolean
  readonly role: ProcessRole | null
}
const any = (): boolean => true
const isUnread = ({ argv, exe }: Program): boolean => argv.length === 0 && exe === null

/** The first case that fits decides. */
const CASES: readonly Case[] = [
  { parent: null, is: isAgent, role: 'agent' },
  { parent: null, is: any, role: null },
  { parent: 'terminal', is: isAgent, role: 'agent' },
  { parent: 'terminal', is: any, role: 'terminal' },
  { parent: 'agent', is: isUnread, role: null },
  { parent: 'agent', is: isAgent, role: 'agent' },
  { parent: 'agent', is: isHook, role: 'hook' },
  { parent: 'agent', is: isMcpServer, role: 'mcp-server' },
  { parent: 'agent', is: isShell, role: 'shell' },
  { parent: 'agent', is: any, role: 'tool' },
  { parent: 'hook', is: any, role: 'hook' },
  { parent: 'mcp-server', is: any, role: 'mcp-server' },
  // An agent that an agent calls is one again.
  { parent: 'shell', is: isAgent, role: 'agent' },
  { parent: 'shell', is: any, role: 'tool' },
  { parent: 'tool', is: isAgent, role: 'agent' },
  { parent: 'tool', is: any, role: 'tool' },
]

/**
 * Pure: what a process is to the agent of its session. Told from its arguments and from who started
 * it, both of which the agent controls: a name for a person to read, never a ground for a decision.
 */
export const roleOf = (
  program: Program,
  parent: ProcessRole | null,
  commands: AgentCommands,
): ProcessRole | null =>
  CASES.find((item) => item.parent === parent && item.is(program, commands))?.role ?? null
