import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { planFileRules, type RuleSurroundings } from '../../../src/main/agents/file-rules.ts'
import type { FileAccess } from '../../../src/shared/domain/files.ts'

let around: RuleSurroundings
let root: string
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-rules-')))
  around = {
    home: join(root, 'home'),
    workspace: join(root, 'home', 'project'),
    dataDir: join(root, 'home', '.local', 'share', 'cloche'),
  }
  await mkdir(around.workspace, { recursive: true })
  await mkdir(around.dataDir, { recursive: true })
  await mkdir(join(around.home, 'library'))
  await writeFile(join(around.workspace, 'file'), '')
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function planned(path: string, access: FileAccess = 'read'): Promise<unknown> {
  const result = await planFileRules([{ path, access }], around)
  if (result.ok) return result.value[0]
  return result.error.type === 'file_rule_refused' ? result.error.reason : result.error
}

describe('what a path means', () => {
  test('relative to the workspace, to the home, or absolute; a last slash changes nothing', async () => {
    const file = join(around.workspace, 'file')
    const library = join(around.home, 'library')
    for (const path of ['file', './file', file, 'file/'])
      expect(await planned(path), path).toMatchObject({ path: file, isPattern: false })
    for (const path of ['~/library', '~/library/', library])
      expect(await planned(path), path).toMatchObject({ path: library, isPattern: false })
    expect(await planned('.')).toMatchObject({ path: around.workspace })
    expect(await planned('absent/yet')).toMatchObject({
      path: join(around.workspace, 'absent/yet'),
    })
  })

  test('a pattern stays one, below the workspace', async () => {
    expect(await planned('**/*.pem', 'deny')).toEqual({
      path: join(around.workspace, '**/*.pem'),
      asked: join(around.workspace, '**/*.pem'),
      isPattern: true,
      access: 'deny',
    })
    expect(await planned('~/.config/*')).toMatch(/below the workspace/)
    expect(await planned('/*')).toMatch(/below the workspace/)
  })

  test('links are followed, and the name that was asked is kept', async () => {
    await symlink(join(around.home, 'library'), join(around.workspace, '.claude'))
    expect(await planned('.claude', 'write')).toMatchObject({
      path: join(around.home, 'library'),
      asked: join(around.workspace, '.claude'),
    })
  })
})

describe('what would open the boundary is refused', () => {
  test.each<[string, FileAccess, RegExp]>([
    ['../other', 'read', /"\.\."/],
    ['a/../../other', 'read', /"\.\."/],
    ['a\0b', 'read', /zero byte/],
    ['~/nowhere', 'read', /no such file/],
    ['~', 'read', /whole home/],
    ['/', 'read', /whole home/],
    ['/etc', 'read', /system/],
    ['/proc/self', 'read', /system/],
    ['/usr/lib', 'write', /system/],
    ['/dev/null', 'read', /socket or device/],
    ['~/.local/share/cloche', 'read', /Cloche itself/],
    ['~/.local', 'write', /Cloche itself/],
    ['.', 'deny', /hidden/],
  ])('%j for %s', async (path, access, reason) => {
    expect(await planned(path, access)).toMatch(reason)
  })

  test('a socket, and a link to the home folder', async () => {
    execFileSync('python3', [
      '-c',
      'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])',
      join(around.home, 'docker.sock'),
    ])
    expect(await planned('~/docker.sock')).toMatch(/socket or device/)
    await symlink(around.home, join(around.workspace, 'out'))
    expect(await planned('out')).toMatch(/workspace|whole home/)
  })

  test('reading the system’s programs again is harmless', async () => {
    expect(await planned('/usr/share')).toMatchObject({ path: '/usr/share' })
  })
})
