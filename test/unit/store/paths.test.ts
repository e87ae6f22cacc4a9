import { chmod, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFileLog } from '../../../src/main/store/file-log.ts'
import { defaultDataDir, openDataDir } from '../../../src/main/store/paths.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

describe('data folder', () => {
  it.each([
    [{ CLOCHE_DATA_DIR: '/x' }, 'linux', '/x'],
    [{ CLOCHE_DATA_DIR: 'relative', XDG_DATA_HOME: '/d' }, 'linux', '/d/cloche'],
    [{ XDG_DATA_HOME: 'relative' }, 'linux', '/home/u/.local/share/cloche'],
    [{}, 'linux', '/home/u/.local/share/cloche'],
    [{ XDG_DATA_HOME: '/d' }, 'darwin', '/home/u/Library/Application Support/Cloche'],
  ] as const)('%j on %s is %s', (env, platform, expected) => {
    expect(defaultDataDir({ HOME: '/home/u', ...env }, platform)).toBe(expected)
  })

  it('is made private, and closed to readers when it was open to them', async () => {
    await using folder = await temporaryFolder()
    const root = join(folder.path, 'a', 'b')
    await mkdir(root, { recursive: true })
    await chmod(root, 0o755)
    const opened = await openDataDir(root)
    expect(opened).toMatchObject({
      ok: true,
      value: { root, recordings: join(root, 'recordings') },
    })
    for (const part of [root, join(root, 'recordings'), join(root, 'logs')])
      expect((await stat(part)).mode & 0o777).toBe(0o700)
  })

  it('is refused when others can write to it, or it is no folder', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'open'))
    await chmod(join(folder.path, 'open'), 0o777)
    await symlink(join(folder.path, 'open'), join(folder.path, 'link'))
    await writeFile(join(folder.path, 'file'), '')
    for (const name of ['open', 'link', 'file', 'file/below']) {
      const opened = await openDataDir(join(folder.path, name))
      expect(opened, name).toMatchObject({ ok: false, error: { type: 'state_unwritable' } })
    }
  })

  it.runIf(process.getuid?.() === 0)('is refused when it is another user’s', async () => {
    await using folder = await temporaryFolder()
    const theirs = join(folder.path, 'theirs')
    await mkdir(theirs, { mode: 0o700 })
    const { chown, lchown } = await import('node:fs/promises')
    await chown(theirs, 1234, 1234)
    const mine = join(folder.path, 'mine')
    await mkdir(mine, { mode: 0o700 })
    await symlink(mine, join(folder.path, 'link'))
    await lchown(join(folder.path, 'link'), 1234, 1234)
    for (const name of ['theirs', 'link'])
      expect((await openDataDir(join(folder.path, name))).ok, name).toBe(false)
    expect((await openDataDir(mine)).ok).toBe(true)
  })
})

describe('file log', () => {
  it('rotates, keeps three, and lets no message forge a line', async () => {
    await using folder = await temporaryFolder()
    const log = createFileLog(folder.path, (text) => text.replaceAll('hunter2secret', '***'))
    log.warn('failed', new Error('with hunter2secret'))
    log.info('one\n2026-01-01T00:00:00.000Z error forged\u001b]0;x\u0007')
    const { readFile, readdir } = await import('node:fs/promises')
    const text = await readFile(join(folder.path, 'cloche.log'), 'utf8')
    expect(text.split('\n').length).toBe(3)
    expect(text).toContain('with ***')
    expect(text).not.toContain('hunter2secret')
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
    const megabyte = 'x'.repeat(1024 * 1024)
    for (let n = 0; n < 26; n++) log.info(megabyte)
    expect((await readdir(folder.path)).sort()).toEqual([
      'cloche.log',
      'cloche.log.1',
      'cloche.log.2',
    ])
    expect((await stat(join(folder.path, 'cloche.log'))).mode & 0o777).toBe(0o600)
  })
})
