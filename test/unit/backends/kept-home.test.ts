import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { extract, pack } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import {
  keepHome,
  notOfHome,
  withKeptHome,
} from '../../../src/main/backends/containers/kept-home.ts'
import { renameArchive } from '../../../src/main/backends/containers/rename-archive.ts'
import { KEPT_HOME } from '../../../src/main/core/isolation/plan.ts'
import { temporaryFolder } from '../../helpers/recording.ts'

/** As the shell of an image runs it, with folders of this machine in the places of its. */
function run(words: readonly string[], kept: string, home: string): string {
  const [program = '', ...args] = words.map((word) => word.replaceAll(KEPT_HOME, kept))
  return execFileSync(program, args, {
    ...{ env: { PATH: '/usr/bin:/bin', HOME: home }, encoding: 'utf8' },
  })
}

const setting = (home: string) => ({
  home,
  workspace: `${home}/src/a project`,
  mounts: [{ source: '/data/claude', target: `${home}/.claude`, access: 'write' as const }],
  files: [
    {
      path: `${home}/.config/tool`,
      asked: `${home}/link`,
      isPattern: false,
      access: 'read' as const,
    },
    { path: '/elsewhere', asked: '/elsewhere', isPattern: false, access: 'read' as const },
  ],
})

describe('the home of a dev container', () => {
  test('is kept without what is only shown in it', async () => {
    await using folder = await temporaryFolder()
    const [home, kept] = [join(folder.path, 'home'), join(folder.path, 'kept')]
    for (const name of ['home/src', 'home/.claude', 'home/.config', 'home/.tool/deep', 'kept/home'])
      await mkdir(join(folder.path, name), { recursive: true })
    await writeFile(join(home, '.tool/deep/one two'), 'mine')
    await writeFile(join(home, '.claude/token'), 'secret')
    await symlink('/nowhere', join(home, 'broken'))
    expect(notOfHome(setting(home))).toEqual(['src', '.claude', '.config', 'link'])
    expect(run(keepHome(setting(home)), kept, home)).toContain('All have run')
    expect((await readdir(join(kept, 'home'))).sort()).toEqual(['.tool', 'broken'])
    expect(await readFile(join(kept, 'home/.tool/deep/one two'), 'utf8')).toBe('mine')
  })

  test('begins with what was kept, and what a session has of its own stays', async () => {
    await using folder = await temporaryFolder()
    const [home, kept] = [join(folder.path, 'home'), join(folder.path, 'kept')]
    for (const name of ['home/.state', 'kept/.state', 'kept/.tool'])
      await mkdir(join(folder.path, name), { recursive: true })
    await writeFile(join(home, '.state/now'), 'newer')
    await writeFile(join(kept, '.state/now'), 'older')
    await writeFile(join(kept, '.state/more'), 'more')
    await writeFile(join(kept, '.tool/one'), '1')
    const program = ['/bin/sh', '-c', 'echo "$0 $1 ${name-none}"', 'zero', 'one two']
    expect(run(withKeptHome(program), kept, home)).toBe('zero one two none\n')
    const read = (path: string): Promise<string> => readFile(join(home, path), 'utf8')
    expect(await Promise.all(['.state/now', '.state/more', '.tool/one'].map(read))).toEqual([
      ...['newer', 'more', '1'],
    ])
  })
})

test.each(['.kept/', '/', './'])(
  'an archive of it has one name for it, whatever the engine’s: %s',
  async (top) => {
    const archive = pack()
    archive.entry({ name: top, type: 'directory', mode: 0o700, uid: 7 })
    archive.entry({ name: `${top}a`, type: 'directory' })
    archive.entry({ name: `${top}a/${'long'.repeat(40)}`, mode: 0o755 }, 'x'.repeat(10_000))
    archive.entry({ name: `${top}empty`, mode: 0o600 }, '')
    archive.entry({ name: `${top}soft`, type: 'symlink', linkname: '/etc/passwd' })
    archive.entry({ name: `${top}hard`, type: 'link', linkname: `${top}empty` })
    archive.finalize()
    const found: string[] = []
    const read = extract()
    const reading = (async () => {
      for await (const entry of read) {
        const { name, type, linkname, size, mode, uid } = entry.header
        found.push(
          `${name.replace(/(long)+/, 'long')} ${type} ${linkname ?? ''} ${size} ${mode.toString(8)} ${uid}`,
        )
        entry.resume()
      }
    })()
    await Promise.all([
      pipeline(renameArchive(Readable.from(archive), 'new', false), read),
      reading,
    ])
    expect(found).toEqual([
      ...['new/ directory  0 700 7', 'new/a directory  0 755 0', 'new/a/long file  10000 755 0'],
      ...[
        'new/empty file  0 600 0',
        'new/soft symlink /etc/passwd 0 644 0',
        'new/hard link new/empty 0 644 0',
      ],
    ])
  },
)

test('an archive that holds more than its folder is not kept', async () => {
  const archive = pack()
  archive.entry({ name: 'kept/', type: 'directory' })
  archive.entry({ name: 'etc/passwd' }, 'x')
  archive.finalize()
  await expect(buffer(renameArchive(Readable.from(archive), 'new', false))).rejects.toThrow(
    'more than',
  )
})

test('an archive for everybody can be read by whoever its files belong to, and no more', async () => {
  const archive = pack()
  archive.entry({ name: 'kept/', type: 'directory', mode: 0o700 })
  archive.entry({ name: 'kept/key', mode: 0o600 }, 'x')
  archive.finalize()
  const modes: number[] = []
  const read = extract().on('entry', ({ mode }, stream, next) => {
    modes.push(mode)
    stream.resume()
    next()
  })
  await pipeline(renameArchive(Readable.from(archive), 'new', true), read)
  expect(modes).toEqual([0o755, 0o644])
})
