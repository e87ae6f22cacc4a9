import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { commandsOf, readConfiguredCommands } from '../../../src/main/agents/configured-commands.ts'
import { planSandbox } from '../../../src/main/core/isolation/plan.ts'
import { NO_COMMANDS } from '../../../src/main/core/process-roles.ts'
import { PLAIN_PLAN } from '../../helpers/plan.ts'

const W = '/w'

test.each([
  [
    '.mcp.json',
    '{"mcpServers":{"a":{"command":"node","args":["x"]},"b":{"url":"https://x"}}}',
    [['node', 'x']],
  ],
  [
    '.claude.json',
    '{"projects":{"/w":{"mcpServers":{"a":{"command":"a"}}},"/v":{"mcpServers":{"b":{"command":"b"}}}}}',
    [['a']],
  ],
  ['config.toml', '[mcp_servers.a]\ncommand = "npx"\nargs = ["-y", "s"]\n', [['npx', '-y', 's']]],
  [
    'opencode.json',
    '{"mcp":{"a":{"type":"local","command":["bun","x"]},"b":{"type":"remote"}}}',
    [['bun', 'x']],
  ],
])('servers of %s', (path, text, mcpServers) => {
  expect(commandsOf(path, text, W)).toEqual({ mcpServers, hooks: [] })
})

test('hooks of every event', () => {
  const text = JSON.stringify({
    hooks: {
      SessionStart: [{ hooks: [{ type: 'command', command: 'a' }] }],
      PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'prompt' }, { command: 'b' }] }],
    },
  })
  expect(commandsOf('settings.json', text, W).hooks).toEqual(['a', 'b'])
})

test.each([null, '', '{', '[]', '"x"', '{"mcpServers":7,"hooks":[1]}', 'a = '])(
  'damaged settings name nothing: %s',
  (text) => {
    expect(commandsOf('x.json', text, W)).toEqual(NO_COMMANDS)
    expect(commandsOf('x.toml', text, W)).toEqual(NO_COMMANDS)
  },
)

test('files are found below the workspace and in the state folder; a pipe is not waited for', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cloche-commands-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  await mkdir(join(root, 'state'))
  await mkdir(join(root, 'w/.claude'), { recursive: true })
  await writeFile(
    join(root, 'state/settings.json'),
    '{"hooks":{"Stop":[{"hooks":[{"command":"x"}]}]}}',
  )
  await writeFile(join(root, 'w/.mcp.json'), '{"mcpServers":{"a":{"command":"a"}}}')
  execFileSync('mkfifo', [join(root, 'w/.claude/settings.json')])
  const plan = planSandbox({
    ...PLAIN_PLAN,
    ...{ level: 'os', workspace: join(root, 'w'), argv: ['/x'], home: '/home/dev', user: 'dev' },
    mounts: [{ source: join(root, 'state'), target: '/home/dev/.claude', access: 'write' }],
    ...{ env: {}, path: [] },
  })
  expect(await readConfiguredCommands(plan)).toEqual({ mcpServers: [['a']], hooks: ['x'] })
})
