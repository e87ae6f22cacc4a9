import { execFileSync } from 'node:child_process'
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { createOtherSettings } from '../../../src/main/policies/other-settings.ts'
import type { AgentId, AgentInfo } from '../../../src/shared/domain/agent.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

const agent = (id: AgentId, executable: string | null): AgentInfo => ({
  ...{ id, name: id, executable, foundIn: 'path', version: null, install: null },
  ...{ hosts: [], signIn: [], canResume: false },
})
const INSTALLED = ['claude-code', 'codex', 'gemini-cli'] as const

async function machine(root: string) {
  const [home, workspace] = [join(root, 'home'), join(root, 'work')]
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  await put(join(home, '.keep'), '')
  await put(join(workspace, '.keep'), '')
  const agents = () =>
    Promise.resolve([...INSTALLED.map((id) => agent(id, `/bin/${id}`)), agent('opencode', null)])
  return {
    ...{ home, workspace, put },
    settings: createOtherSettings({ home }, agents, () => [workspace, home, join(root, 'gone')]),
  }
}

test('settings are found in the home folder and in folders used lately, of what is installed', async () => {
  await using folder = await temporaryFolder()
  const root = await realpath(folder.path)
  const { home, workspace, put, settings } = await machine(root)
  await put(join(home, '.claude/settings.json'), '{"sandbox": {}, "env": {"TOKEN": "s3cret"}}')
  await put(join(home, '.gemini/policies/b.toml'), '[[rule]]\ntoolName = "x"\n')
  await put(join(home, '.gemini/policies/notes.txt'), 'no policy')
  await put(join(home, '.config/opencode/opencode.json'), '{}')
  await put(join(home, '.srt-settings.json'), '{}')
  await put(join(workspace, '.codex/config.toml'), 'sandbox_mode = "read-only"\n')
  const found = await settings.found()
  expect(found.map(({ path, format, refusal }) => [path, format, refusal])).toEqual([
    [join(home, '.claude/settings.json'), 'claude', null],
    [join(home, '.gemini/policies/b.toml'), 'gemini', null],
    [join(home, '.srt-settings.json'), 'srt', null],
    [join(workspace, '.codex/config.toml'), 'codex', null],
  ])
  const codex = await settings.import({ kind: 'file', id: found[3]!.id }, null)
  expect(codex).toMatchObject({
    ok: true,
    value: { format: 'codex', policy: { files: [{ path: '.', access: 'read' }] } },
  })
  // Keys are named; what they hold stays here.
  const claude = await settings.import({ kind: 'file', id: found[0]!.id }, null)
  expect(claude).toMatchObject({ ok: true, value: { report: { dropped: [{ key: 'env' }] } } })
  expect(JSON.stringify(claude)).not.toContain('s3cret')
})

test('nothing is read through a link, from a pipe, at length, or by a path', async () => {
  await using folder = await temporaryFolder()
  const root = await realpath(folder.path)
  const { home, workspace, put, settings } = await machine(root)
  await put(join(root, 'outside/settings.json'), '{"sandbox": {}}')
  await put(join(root, 'outside/a.toml'), '[[rule]]\n')
  await mkdir(join(home, '.claude'))
  await symlink(join(root, 'outside/settings.json'), join(home, '.claude/settings.json'))
  await put(join(home, '.codex/config.toml'), ' '.repeat(256 * 1024 + 1))
  execFileSync('mkfifo', [join(home, '.srt-settings.json')])
  // A folder on the way is a link, and one that is listed.
  await symlink(join(root, 'outside'), join(workspace, '.claude'))
  await mkdir(join(home, '.gemini'))
  await symlink(join(root, 'outside'), join(home, '.gemini/policies'))
  const found = await settings.found()
  expect(found.map(({ path, refusal }) => [path, refusal])).toEqual([
    [join(home, '.claude/settings.json'), 'link'],
    [join(home, '.codex/config.toml'), 'large'],
    [join(home, '.srt-settings.json'), 'unreadable'],
    [join(workspace, '.claude/settings.json'), 'link'],
  ])
  for (const { id, refusal } of found)
    expect(await settings.import({ kind: 'file', id }, null)).toEqual({
      ...{ ok: false, error: { type: 'refused', refusal } },
    })
  expect(await settings.import({ kind: 'file', id: 'ab'.repeat(16) }, null)).toEqual({
    ...{ ok: false, error: { type: 'refused', refusal: 'gone' } },
  })
})

test('a report is shown in bounds, whatever the file holds', async () => {
  await using folder = await temporaryFolder()
  const { settings } = await machine(await realpath(folder.path))
  const keys = Array.from({ length: 1000 }, (_, n) => [`${n}${'k'.repeat(900)}`, 1])
  const text = JSON.stringify({ ...Object.fromEntries(keys), permissions: {} })
  const imported = await settings.import({ kind: 'text', text }, 'claude')
  if (!imported.ok) throw new Error(imported.error.type)
  const { dropped, unlisted } = imported.value.report
  expect([dropped.length, unlisted]).toEqual([300, 700])
  expect(dropped.every(({ key }) => key.length <= 401)).toBe(true)
})
