import { execFileSync } from 'node:child_process'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { LEVEL, notInVm } from '../helpers/level.ts'
import { bash, runOutside, shell } from '../helpers/outside.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place, runInside, whileInside } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap')

let place: Place
beforeEach(async () => {
  place = await makePlace()
  git('init', '-q')
  git('commit', '-q', '--allow-empty', '-m', 'first')
  // The template of git brings hooks; a repository made without it has no such folder.
  await rm(join(place.workspace, '.git', 'hooks'), { recursive: true, force: true })
})
afterEach(() => place.dispose())

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    cwd: place.workspace,
    encoding: 'utf8',
  })

const NAMES = ['.claude', '.vscode', '.mcp.json', '.envrc', '.git/hooks', '.git/commondir']

/** Ways for something to stand under a name, other than to write there. */
const WAYS: readonly (readonly [way: string, script: (name: string) => string])[] = [
  ['as a link', (name) => `ln -sfn /evil ${name}`],
  ['as a link to a folder of the workspace', (name) => `mkdir evil; ln -sfn "$PWD/evil" ${name}`],
  ['by renaming a folder', (name) => `mkdir evil; echo x >evil/file; mv -fT evil ${name}`],
  ['by renaming a file', (name) => `echo x >evil; mv -fT evil ${name}`],
  ['by a second name of a file', (name) => `echo x >evil; ln -fT evil ${name}`],
  ['as a pipe', (name) => `mkfifo ${name}`],
  [
    'after what stands there was removed',
    (name) => `rm -rf ${name}; rmdir ${name}; echo x >${name}`,
  ],
]

/** What stands under a name and was made there: an empty folder in its place is nothing. */
async function madeAt(name: string): Promise<string | null> {
  const path = join(place.workspace, name)
  const info = await lstat(path).catch(() => null)
  if (!info) return null
  if (!info.isDirectory()) return info.isSymbolicLink() ? 'a link' : 'a file'
  return (await readdir(path)).length > 0 ? 'a folder with content' : null
}

/** A machine takes seconds to start, so there one tries all of them. */
const together = notInVm(test, 'all of them are tried in one machine')
describe.each(WAYS)('%s', (_, script) => {
  together.each(NAMES)('nothing comes to stand at %s', async (name) => {
    await succeedOutside(script, name)
    await runInside(place, shell(script(name)))
    expect(await madeAt(name)).toBeNull()
  })
})
if (LEVEL === 'vm')
  test('nothing comes to stand under any name, in whatever way it is tried', async () => {
    const tries = WAYS.flatMap(([, script]) => NAMES.map((name) => [script, name] as const))
    for (const [script, name] of tries) await succeedOutside(script, name)
    const words = tries.map(([script, name]) => `(${script(name)}); rm -rf evil`)
    const { output } = await runInside(place, bash([...words, 'echo all tried'].join('\n')))
    expect(output).toContain('all tried')
    expect(await Promise.all(NAMES.map(madeAt))).toEqual(NAMES.map(() => null))
  })

/** And leaves nothing. */
async function succeedOutside(script: (name: string) => string, name: string): Promise<void> {
  await runOutside(shell(script(name)), { cwd: place.workspace })
  expect(await madeAt(name), 'unconfined, it must succeed').not.toBeNull()
  await rm(join(place.workspace, name), { recursive: true, force: true })
  await rm(join(place.workspace, 'evil'), { recursive: true, force: true })
}

const around = notInVm(test, 'the sandbox around the machine makes the same mounts')
around(
  'git on the machine sees nothing of a session that only looks: before, during and after',
  async () => {
    await mkdir(join(place.workspace, 'vendor', 'sub'), { recursive: true })
    execFileSync('git', ['init', '-q', 'vendor/sub'], { cwd: place.workspace })
    const before = git('status', '--porcelain', '--ignored')
    const listed = await readdir(place.workspace)
    await whileInside(place, shell('git status --porcelain --ignored; sleep 600'), async () => {
      expect(git('status', '--porcelain', '--ignored')).toBe(before)
      expect(git('fsck')).toBe('')
    })
    expect(git('status', '--porcelain', '--ignored')).toBe(before)
    expect(await readdir(place.workspace)).toEqual(listed)
  },
)
