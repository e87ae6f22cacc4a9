import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readTranscript } from '../../../src/main/agents/transcripts.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

const START = Math.floor(Date.now() / 1000) * 1000 - 3_600_000
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString()
const lines = (...values: unknown[]): string =>
  values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('\n')

async function write(folder: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
}

const read = (folder: string, agent: 'claude-code' | 'codex' | 'opencode') =>
  readTranscript({
    ...{ folder, agent, workspace: '/home/ada/project' },
    ...{ fromMs: START, toMs: START + 600_000 },
  })

const CLAUDE = lines(
  { type: 'summary', summary: 'x' },
  { type: 'user', timestamp: at(1), cwd: '/home/ada/project', message: { content: 'fix\n it' } },
  {
    type: 'assistant',
    timestamp: at(2),
    message: {
      content: [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'I look first.' },
        { type: 'tool_use', name: 'Bash', input: { command: 'npm test' } },
      ],
    },
  },
  'not json',
  { type: 'user', timestamp: at(3), message: { content: '<ctx>\nthe folder\n</ctx>' } },
  { type: 'user', timestamp: at(3), message: { content: [{ type: 'tool_result', content: 'x' }] } },
  { type: 'user', timestamp: at(9999), message: { content: 'after the session' } },
  { type: 'user', timestamp: 'nonsense', message: { content: 'when?' } },
)

describe('what an agent wrote down', () => {
  test('of Claude Code: what was said and which tools were used, within the session', async () => {
    await using folder = await temporaryFolder()
    await write(folder.path, '.claude/projects/-home-ada-project/one.jsonl', CLAUDE)
    const other = CLAUDE.replace('/home/ada/project', '/home/ada/other')
    await write(folder.path, '.claude/projects/-home-ada-other/two.jsonl', other)
    expect(await read(folder.path, 'claude-code')).toEqual([
      { atMs: START + 1000, who: 'person', text: 'fix it' },
      { atMs: START + 2000, who: 'agent', text: 'I look first.' },
      { atMs: START + 2000, who: 'tool', text: 'Bash {"command":"npm test"}' },
    ])
  })

  test('of Codex: the same, from its rollouts', async () => {
    await using folder = await temporaryFolder()
    const item = (seconds: number, payload: object) => ({
      ...{ timestamp: at(seconds), type: 'response_item', payload },
    })
    const says = (role: string, type: string, text: string) => ({
      ...{ type: 'message', role, content: [{ type, text }] },
    })
    await write(
      folder.path,
      '.codex/sessions/2026/11/28/rollout-2026-11-28T10-00-00-x.jsonl',
      lines(
        { timestamp: at(0), type: 'session_meta', payload: { cwd: '/home/ada/project' } },
        item(1, says('developer', 'input_text', 'x')),
        item(2, says('user', 'input_text', 'hello')),
        item(3, { type: 'function_call', name: 'shell', arguments: '{"command":["ls"]}' }),
        item(4, says('assistant', 'output_text', 'done')),
      ),
    )
    expect((await read(folder.path, 'codex')).map(({ who, text }) => [who, text])).toEqual([
      ['person', 'hello'],
      ['tool', 'shell {"command":["ls"]}'],
      ['agent', 'done'],
    ])
  })

  test('is not read through a link, nor where nothing is known', async () => {
    await using folder = await temporaryFolder()
    await write(folder.path, 'elsewhere/one.jsonl', CLAUDE)
    await mkdir(join(folder.path, '.claude/projects'), { recursive: true })
    const elsewhere = join(folder.path, 'elsewhere')
    await symlink(elsewhere, join(folder.path, '.claude/projects/link'))
    await symlink(join(elsewhere, 'one.jsonl'), join(folder.path, '.claude/projects/link.jsonl'))
    expect(await read(folder.path, 'claude-code')).toEqual([])
    expect(await read(folder.path, 'codex')).toEqual([])
    expect(await read(folder.path, 'opencode')).toEqual([])
  })
})
