import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type AgentCommands, NO_COMMANDS, roleOf } from '../../../src/main/core/process-roles.ts'
import type { ProcessRole } from '../../../src/shared/domain/process.ts'

/** A recorded line: a start (number, parent, what it was as it started) or what it executed then. */
type Line = { readonly argv: readonly string[]; readonly exe: string | null } & (
  | { readonly start: number; readonly parent: number | null }
  | { readonly exec: number }
)

const FOLDER = resolve(import.meta.dirname, '../../fixtures/process-trees')

/** Every program of a recorded session with the role it gets, as `role: command line`. */
function replay(file: string, commands: AgentCommands): string[] {
  const lines = JSON.parse(readFileSync(resolve(FOLDER, file), 'utf8')) as Line[]
  const roles: (ProcessRole | null)[] = []
  const starters: (ProcessRole | null)[] = []
  const named: string[] = []
  const name = (line: Line, role: ProcessRole | null) =>
    named.push(`${role}: ${line.argv.join(' ').replaceAll(/\s+/g, ' ')}`)
  for (const line of lines) {
    if ('start' in line) {
      const starter = line.parent === null ? null : (roles[line.parent] ?? null)
      starters[line.start] = starter
      // A first process is met running; any other is a fork of its parent until it executes.
      roles[line.start] = line.parent === null ? roleOf(line, null, commands) : starter
    } else {
      roles[line.exec] = roleOf(line, starters[line.exec] ?? null, commands)
      name(line, roles[line.exec] ?? null)
    }
  }
  return named
}

const commands: AgentCommands = {
  mcpServers: [['node', '/home/dev/project/mcp.mjs']],
  hooks: ['sleep 0.12; echo started', 'cat >/dev/null; sleep 0.11'],
}
const having = (named: readonly string[], pattern: RegExp): string[] =>
  named.filter((line) => pattern.test(line))

describe('a recorded session of Claude Code', () => {
  const named = replay('claude.json', commands)

  test('the agent, its server, its hooks, its shells and its tools are told apart', () => {
    expect(having(named, /^agent: /)).toEqual([expect.stringMatching(/^agent: claude -p go/)])
    expect(having(named, /^mcp-server: /)).toEqual(['mcp-server: node /home/dev/project/mcp.mjs'])
    expect(having(named, /^hook: \/bin\/sh/)).toEqual([
      'hook: /bin/sh -c sleep 0.12; echo started',
      'hook: /bin/sh -c cat >/dev/null; sleep 0.11',
      'hook: /bin/sh -c cat >/dev/null; sleep 0.11',
    ])
    expect(having(named, /^hook: sleep/)).toHaveLength(3)
    expect(having(named, /^shell: .*shell-snapshots/).length).toBeGreaterThanOrEqual(2)
    for (const tool of ['ls -la', 'grep mcp', 'sh -c sleep 0.1; true', 'sleep 0.1', 'sleep 0.5'])
      expect(named).toContain(`tool: ${tool}`)
    expect(having(named, /rg --no-config --hidden/)).toEqual([expect.stringMatching(/^tool: rg/)])
  })

  test('without its settings a hook is a shell it opened, and a server is a tool', () => {
    const plain = replay('claude.json', NO_COMMANDS)
    expect(plain).toContain('shell: /bin/sh -c sleep 0.12; echo started')
    expect(plain).toContain('tool: node /home/dev/project/mcp.mjs')
  })
})

describe('a recorded session of Codex', () => {
  const named = replay('codex.json', commands)

  test('the launcher, the agent and what it runs for itself', () => {
    expect(having(named, /^agent: /)).toEqual([
      expect.stringMatching(/^agent: node .*\.bin\/codex exec/),
      expect.stringMatching(/^agent: .*vendor.*\/codex exec/),
      expect.stringMatching(/^agent: \/proc\/self\/exe --codex-run-as-process-setup/),
    ])
    expect(having(named, /^mcp-server: /)).toEqual(['mcp-server: node /home/dev/project/mcp.mjs'])
    for (const tool of ['ls -la', 'grep mcp', 'sleep 0.2', 'sleep 0.1'])
      expect(named).toContain(`tool: ${tool}`)
    expect(having(named, /^shell: \/bin\/bash -c __CODEX_SNAPSHOT/)).toHaveLength(1)
  })
})

describe('the cases', () => {
  const of = (argv: string[], parent: ProcessRole | null, exe: string | null = '/x') =>
    roleOf({ argv, exe }, parent, NO_COMMANDS)

  test.each<[string, string[], ProcessRole | null, ProcessRole | null]>([
    ['nothing is recognised below nothing', ['bash'], null, null],
    ['an agent from a login shell', ['claude'], null, 'agent'],
    ['an agent an agent calls', ['/usr/bin/codex', 'exec'], 'tool', 'agent'],
    ['a login shell of an agent', ['-bash'], 'agent', 'shell'],
    [
      'a well-known server',
      ['npx', '-y', '@modelcontextprotocol/server-git'],
      'agent',
      'mcp-server',
    ],
    ['a server by its name', ['uvx', 'mcp-server-fetch'], 'agent', 'mcp-server'],
    ['what a server starts is its own', ['git', 'log'], 'mcp-server', 'mcp-server'],
    ['what a hook starts is its own', ['claude'], 'hook', 'hook'],
    ['a file called like an agent is only an argument', ['vim', 'claude'], 'shell', 'tool'],
  ])('%s', (_, argv, parent, role) => {
    expect(of(argv, parent)).toBe(role)
  })

  test('what could not be read is not guessed', () => {
    expect(of([], 'agent', null)).toBe(null)
  })
})
