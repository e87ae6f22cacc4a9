import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readLayout } from '../../../src/main/backends/layout.ts'
import { protectedPaths } from '../../../src/main/backends/protected-paths.ts'

let workspace: string
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'cloche-workspace-')))
})
afterEach(() => rm(workspace, { recursive: true, force: true }))

test('what programs outside obey is protected where it exists, and nothing else is', async () => {
  await mkdir(join(workspace, '.git/hooks'), { recursive: true })
  await writeFile(join(workspace, '.git/config'), '')
  await mkdir(join(workspace, '.claude'))
  await writeFile(join(workspace, '.mcp.json'), '{}')
  await mkdir(join(workspace, 'src'))
  expect((await protectedPaths(workspace)).sort()).toEqual(
    ['.claude', '.git/config', '.git/hooks', '.mcp.json'].map((name) => join(workspace, name)),
  )
})

test('links, and files behind a linked folder, are left alone', async () => {
  await symlink('/etc', join(workspace, '.vscode'))
  await mkdir(join(workspace, 'elsewhere/hooks'), { recursive: true })
  await symlink('elsewhere', join(workspace, '.git'))
  expect(await protectedPaths(workspace)).toEqual([])
})

test('the layout holds no secret of the machine and only what exists', async () => {
  const layout = await readLayout()
  expect([...layout.folders, ...layout.links.map(([path]) => path)]).toContain('/usr')
  for (const name of ['shadow', 'gshadow', 'passwd', 'group', 'machine-id', 'ssh', 'ssl/private'])
    expect(layout.etc).not.toContain(name)
  for (const name of layout.etc)
    expect(await realpath(join('/etc', name)), name).toMatch(/^\/(etc|usr|lib|opt|nix|var)\//)
  for (const folder of layout.folders)
    expect(['/etc', '/home', '/root', '/run', '/var', '/sys', '/proc']).not.toContain(folder)
})
