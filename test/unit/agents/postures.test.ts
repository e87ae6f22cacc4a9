import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readPostures } from '../../../src/main/agents/postures.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

async function posturesWith(files: Record<string, string>) {
  await using folder = await temporaryFolder()
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), text)
  }
  for (const name of ['claude', 'codex', 'gemini', 'opencode']) {
    await put(`bin/${name}`, '#!/bin/sh\n')
    await chmod(join(folder.path, 'bin', name), 0o755)
  }
  for (const [path, text] of Object.entries(files)) await put(path, text)
  const found = await readPostures({
    env: { PATH: join(folder.path, 'bin') },
    home: folder.path,
  })
  return Object.fromEntries(found.map((posture) => [posture.agent, posture]))
}

test('where nothing is set an agent does what its documentation says, and that is said', async () => {
  const found = await posturesWith({})
  expect(Object.entries(found).map(([agent, { held }]) => [agent, held])).toEqual([
    ...[
      ['claude-code', 'none'],
      ['codex', 'part'],
      ['gemini-cli', 'none'],
      ['opencode', 'none'],
    ],
  ])
  expect(found['claude-code']?.sandbox).toEqual({
    ...{ value: 'None', from: 'its default: ~/.claude/settings.json does not set sandbox.enabled' },
  })
  expect(found['codex']?.sandbox.value).toMatch(/^read-only, or workspace-write/)
})

test('what is set on this machine is what is shown, with its file and key', async () => {
  const found = await posturesWith({
    '.claude/settings.json': '{ "sandbox": { "enabled": true } } // mine',
    '.codex/config.toml': 'sandbox_mode = "danger-full-access"\n',
    '.gemini/settings.json': '{ "tools": { "sandbox": "docker" } }',
    '.config/opencode/opencode.json': '{ "permission": { "edit": "ask" } }',
  })
  expect(found['claude-code']).toMatchObject({
    held: 'part',
    sandbox: { value: 'Its own, for shell commands; without it where it cannot start' },
  })
  expect(found['codex']).toMatchObject({
    ...{ held: 'none', sandbox: { from: '~/.codex/config.toml: sandbox_mode' } },
  })
  expect(found['gemini-cli']).toMatchObject({ held: 'part', sandbox: { value: 'Its own: docker' } })
  expect(found['opencode']?.holds.from).toBe('~/.config/opencode/opencode.json: permission')
})

test('settings that cannot be read are not known, and nothing is guessed', async () => {
  const found = await posturesWith({
    '.claude/settings.json': '{ nonsense',
    '.codex/config.toml': '= =',
  })
  expect(found['claude-code']).toMatchObject({
    ...{ held: 'unknown', sandbox: { from: '~/.claude/settings.json cannot be read' } },
  })
  expect(found['codex']?.held).toBe('unknown')
})
