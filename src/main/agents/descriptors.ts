import type { AgentId } from '../../shared/domain/agent.ts'
import type { QuestionWire } from '../core/questions.ts'
import { claudeQuestions, withQuestions } from './claude-questions.ts'

/** What Cloche knows of one agent. Paths are relative to the person's home. */
export interface AgentDescriptor {
  readonly id: AgentId
  readonly name: string
  /** Name looked for on PATH and in the workspace's node_modules; null: nothing to look for. */
  readonly binary: string | null
  /** npm package that carries it; its version is read from there, never by running it. */
  readonly package: string | null
  readonly install: string | null
  readonly args: readonly string[]
  /** Replaces `args` on restart; null: the agent cannot resume. */
  readonly resumeArgs: readonly string[] | null
  /**
   * Turns the agent's own sandbox off, in front of the other arguments. It makes namespaces, which
   * the OS sandbox refuses, so commands would fail one by one. null: it has none that is on.
   */
  readonly innerOff: readonly string[] | null
  /** How its own questions come to Cloche; null: only its terminal asks them. */
  readonly questions: {
    /** Arguments with which it brings them. */
    readonly args: (args: readonly string[]) => readonly string[]
    readonly wire: QuestionWire
  } | null
  /** Folders that outlive the session, kept by Cloche apart from the person's own. */
  readonly stateFolders: readonly string[]
  /** Sign-in files that may be copied into the state folders when the person says so. */
  readonly signIn: readonly string[]
  /** Variables it needs inside; values may name the home with `~`. */
  readonly env: Readonly<Record<string, string>>
  readonly hosts: readonly { readonly host: string; readonly why: string }[]
}

export const AGENTS: readonly AgentDescriptor[] = [
  {
    id: 'claude-code',
    name: 'Claude Code',
    binary: 'claude',
    package: '@anthropic-ai/claude-code',
    install: 'npm install -g @anthropic-ai/claude-code',
    args: [],
    resumeArgs: ['--continue'],
    innerOff: ['--settings', '{"sandbox":{"enabled":false}}'],
    questions: { args: withQuestions, wire: claudeQuestions },
    stateFolders: ['.claude'],
    signIn: ['.claude/.credentials.json'],
    // Puts .claude.json inside the state folder; else it is a lone file in the home folder that
    // the agent replaces by renaming, which a mount cannot follow.
    env: { CLAUDE_CONFIG_DIR: '~/.claude', DISABLE_AUTOUPDATER: '1' },
    hosts: [
      { host: 'api.anthropic.com', why: 'the model' },
      { host: 'claude.ai', why: 'signing in with a Claude account' },
      { host: 'platform.claude.com', why: 'signing in with a Console account' },
    ],
  },
  {
    id: 'codex',
    name: 'Codex',
    binary: 'codex',
    package: '@openai/codex',
    install: 'npm install -g @openai/codex',
    args: [],
    resumeArgs: ['resume', '--last'],
    innerOff: ['--sandbox', 'danger-full-access'],
    questions: null,
    stateFolders: ['.codex'],
    signIn: ['.codex/auth.json'],
    env: {},
    hosts: [
      { host: 'api.openai.com', why: 'the model, with an API key' },
      { host: 'chatgpt.com', why: 'the model, with a ChatGPT account' },
      { host: 'auth.openai.com', why: 'signing in' },
    ],
  },
  {
    id: 'gemini-cli',
    name: 'Gemini CLI',
    binary: 'gemini',
    package: '@google/gemini-cli',
    install: 'npm install -g @google/gemini-cli',
    args: [],
    resumeArgs: ['--resume', 'latest'],
    innerOff: null,
    questions: null,
    stateFolders: ['.gemini'],
    signIn: ['.gemini/oauth_creds.json', '.gemini/google_accounts.json'],
    env: {},
    hosts: [
      { host: 'generativelanguage.googleapis.com', why: 'the model, with an API key' },
      { host: 'cloudcode-pa.googleapis.com', why: 'the model, with a Google account' },
      { host: 'oauth2.googleapis.com', why: 'signing in' },
      { host: 'accounts.google.com', why: 'signing in' },
    ],
  },
  {
    id: 'opencode',
    name: 'OpenCode',
    binary: 'opencode',
    package: 'opencode-ai',
    install: 'npm install -g opencode-ai',
    args: [],
    resumeArgs: ['--continue'],
    innerOff: null,
    questions: null,
    stateFolders: ['.local/share/opencode', '.local/state/opencode', '.config/opencode'],
    signIn: ['.local/share/opencode/auth.json'],
    env: { OPENCODE_DISABLE_AUTOUPDATE: '1' },
    hosts: [
      { host: 'models.opencode.ai', why: 'the list of models' },
      { host: 'opencode.ai', why: 'OpenCode Zen models' },
    ],
  },
  {
    id: 'shell',
    name: 'Login shell',
    binary: null,
    package: null,
    install: null,
    args: [],
    resumeArgs: null,
    innerOff: null,
    questions: null,
    stateFolders: [],
    signIn: [],
    env: {},
    hosts: [],
  },
  {
    id: 'command',
    name: 'Command',
    binary: null,
    package: null,
    install: null,
    args: [],
    resumeArgs: null,
    innerOff: null,
    questions: null,
    stateFolders: [],
    signIn: [],
    env: {},
    hosts: [],
  },
]

export const descriptorOf = (id: AgentId): AgentDescriptor => {
  const found = AGENTS.find((agent) => agent.id === id)
  if (!found) throw new Error(`no descriptor for ${id}`)
  return found
}
