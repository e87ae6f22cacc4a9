import { execFileSync } from 'node:child_process'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { runOutside, shell } from '../helpers/outside.ts'
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

// Not run for machines: what holds a name there are the mounts of the sandbox around them, which this suite tries, and
// planting.test.ts tries every name from inside a machine.
describe.each(WAYS)('%s', (_, script) => {
  test.each(NAMES)('nothing comes to stand at %s', async (name) => {
    await runOutside(shell(script(name)), { cwd: place.workspace })
    expect(await madeAt(name), 'unconfined, it must succeed').not.toBeNull()
    await rm(join(place.workspace, name), { recursive: true, force: true })
    await rm(join(place.workspace, 'evil'), { recursive: true, force: true })
    await runInside(place, shell(script(name)))
    expect(await madeAt(name)).toBeNull()
  })
})

test('git on the machine sees nothing of a session that only looks: before, during and after', async () => {
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
})
