import { execFile } from 'node:child_process'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { applyChoices } from '../../../src/main/review/apply.ts'
import type { Base } from '../../../src/main/review/base.ts'
import { contentOf } from '../../../src/main/review/content.ts'
import { compareSides, type Sides } from '../../../src/main/review/compare.ts'
import { copyFolder, TooLarge } from '../../../src/main/review/copy-folder.ts'
import { openFolder } from '../../../src/main/disk/open-folder.ts'
import type { ReviewChange, ReviewChoice } from '../../../src/shared/domain/review.ts'

const run = promisify(execFile)
const LIMITS = { bytes: 1024 ** 3, entries: 10_000 }

let top: string
let real: string
let copy: string
let outside: string
let base: Base

beforeEach(async () => {
  top = await realpath(await mkdtemp(join(tmpdir(), 'cloche-review-')))
  real = join(top, 'real')
  copy = join(top, 'copy')
  outside = join(top, 'outside')
  for (const folder of [real, copy, outside]) await mkdir(folder)
  await mkdir(join(real, 'src/deep'), { recursive: true })
  await writeFile(join(real, 'src/app.js'), 'one\n')
  await writeFile(join(real, 'src/deep/old.js'), 'old\n')
  await writeFile(join(real, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
  await symlink('src/app.js', join(real, 'link'))
  await writeFile(join(outside, 'secret'), 'outside\n')
})
afterEach(async () => {
  await run('chmod', ['-R', 'u+rwX', top])
  // Node's own cannot remove what lies deeper than a path may be long.
  await run('rm', ['-rf', '--', top])
})

async function make(): Promise<void> {
  ;({ base } = await copyFolder(real, copy, LIMITS))
}

async function withSides<T>(work: (sides: Sides) => Promise<T>): Promise<T> {
  const sides = { copy: await openFolder(copy), real: await openFolder(real), base }
  try {
    return await work({ ...sides, isOurs: () => false })
  } finally {
    await sides.copy.close()
    await sides.real.close()
  }
}

const look = () => withSides(compareSides)
const apply = (choices: readonly ReviewChoice[]) =>
  withSides((sides) => applyChoices(sides, choices))
const chosen = ({ path, seen }: ReviewChange, more: Partial<ReviewChoice> = {}): ReviewChoice => ({
  ...{ path, seen, overwrites: false, isTicked: false },
  ...more,
})
const text = (path: string): Promise<string> => readFile(join(real, path), 'utf8')
const words = ({ change, path, isConflict, guard }: ReviewChange): string =>
  [change, path, isConflict && 'conflict', guard].filter(Boolean).join(' ')

describe('a copy', () => {
  test('has files, links and rights, and what is no file stays out of it', async () => {
    await run('mkfifo', [join(real, 'pipe')])
    await chmod(join(real, 'src'), 0o500)
    const made = await copyFolder(real, copy, LIMITS)
    expect(made.leftOut).toEqual([{ path: 'pipe', why: 'special' }])
    expect([...made.base.keys()].sort()).toEqual([
      'link',
      'run.sh',
      'src/app.js',
      'src/deep/old.js',
    ])
    expect(await readFile(join(copy, 'src/app.js'), 'utf8')).toBe('one\n')
    expect(await readlink(join(copy, 'link'))).toBe('src/app.js')
    expect((await lstat(join(copy, 'run.sh'))).mode & 0o777).toBe(0o755)
    expect((await lstat(join(copy, 'src'))).mode & 0o777).toBe(0o500)
    base = made.base
    expect((await look()).changes).toEqual([])
  })

  test('ends with a word where there is more than is copied', async () => {
    await expect(copyFolder(real, copy, { bytes: 8, entries: 100 })).rejects.toThrow(TooLarge)
    await rm(copy, { recursive: true })
    await mkdir(copy)
    await expect(copyFolder(real, copy, { bytes: 1024, entries: 3 })).rejects.toThrow(TooLarge)
  })

  test('does not follow a folder’s link out of the workspace', async () => {
    await symlink(outside, join(real, 'away'))
    await make()
    expect((await lstat(join(copy, 'away'))).isSymbolicLink()).toBe(true)
    await writeFile(join(outside, 'more'), 'x')
    expect((await look()).changes).toEqual([])
  })
})

describe('what is told', () => {
  test('is each file that differs, however its time was set', async () => {
    await make()
    await writeFile(join(copy, 'src/app.js'), 'two\n')
    const { atime, mtime } = await lstat(join(real, 'src/app.js'))
    await utimes(join(copy, 'src/app.js'), atime, mtime)
    await writeFile(join(copy, 'new file\n[0m'), 'x')
    await rm(join(copy, 'src/deep'), { recursive: true })
    await utimes(join(copy, 'run.sh'), atime, mtime)
    expect((await look()).changes.map(words)).toEqual([
      'added new file\n[0m',
      'changed src/app.js',
      'deleted src/deep/old.js',
    ])
  })

  test('is a conflict where the workspace changed as well', async () => {
    await make()
    for (const path of ['src/app.js', 'both.txt']) await writeFile(join(copy, path), 'theirs\n')
    await writeFile(join(real, 'src/app.js'), 'mine\n')
    await writeFile(join(real, 'both.txt'), 'mine\n')
    await rm(join(copy, 'run.sh'))
    await writeFile(join(real, 'run.sh'), 'mine\n')
    const { changes } = await look()
    expect(changes.map(words)).toEqual([
      'changed both.txt conflict',
      'deleted run.sh conflict',
      'changed src/app.js conflict',
    ])
    expect(await apply(changes.map((change) => chosen(change)))).toMatchObject({
      applied: [],
      refused: [{ why: 'conflict' }, { why: 'conflict' }, { why: 'conflict' }],
    })
    expect(await text('src/app.js')).toBe('mine\n')
    const done = await apply(changes.map((change) => chosen(change, { overwrites: true })))
    expect(done.refused).toEqual([])
    expect(await text('src/app.js')).toBe('theirs\n')
    expect((await look()).changes).toEqual([])
  })

  test('is guarded where programs outside obey it, at any depth and in any case', async () => {
    await make()
    const guarded = [
      ...['.git/hooks/pre-commit', '.git/config', '.git/modules/a/config', 'sub/.git'],
      ...['.vscode/tasks.json', 'sub/.VSCode/tasks.json', '.claude/settings.json', '.envrc'],
      ...['.git/objects/.git/config', '.gitmodules', '.git/info/attributes'],
    ]
    const plain = ['.git/objects/ab/cd', '.git/index', '.git/HEAD', '.github/x.yml', '.env']
    for (const path of [...guarded, ...plain]) {
      await mkdir(join(copy, path, '..'), { recursive: true })
      await writeFile(join(copy, path), 'x')
    }
    const { changes } = await look()
    expect(
      changes
        .filter(({ guard }) => guard === 'obeyed')
        .map(({ path }) => path)
        .sort(),
    ).toEqual([...guarded].sort())
    const config = changes.find(({ path }) => path === '.git/config')!
    expect((await apply([chosen(config)])).refused).toMatchObject([{ why: 'guarded' }])
    expect((await apply([chosen(config, { isTicked: true })])).applied).toEqual(['.git/config'])
  })

  test('names links that lead out, and applies them as links only', async () => {
    await make()
    await symlink(outside, join(copy, 'absolute'))
    await symlink('../outside', join(copy, 'above'))
    await symlink('deep/old.js', join(copy, 'src/within'))
    const { changes } = await look()
    expect(changes.map(words)).toEqual([
      'added above leads-out',
      'added absolute leads-out',
      'added src/within',
    ])
    for (const { path, seen } of changes)
      expect(await withSides((sides) => contentOf(sides, path, seen))).toEqual({
        ...{ before: null, after: null, unshown: 'link' },
      })
    expect((await apply(changes.map((change) => chosen(change)))).applied).toEqual(['src/within'])
    expect(await readlink(join(real, 'src/within'))).toBe('deep/old.js')
  })

  test('is neither a pipe nor a device, and no pipe keeps anybody waiting', async () => {
    await make()
    await run('mkfifo', [join(copy, 'pipe')])
    await rm(join(copy, 'run.sh'))
    await run('mkfifo', [join(copy, 'run.sh')])
    expect(await look()).toMatchObject({ changes: [], leftOutCount: 2 })
    const choice = { path: 'pipe', seen: 'x', overwrites: true, isTicked: true }
    expect((await apply([choice])).refused).toMatchObject([{ why: 'changed-since' }])
  })

  test('is bounded in a tree of any depth', async () => {
    await make()
    let folder = copy
    for (let i = 0; i < 40; i++) folder = join(folder, 'd'.repeat(90))
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'far'), 'x')
    await mkdir(join(copy, 'deeper/'.repeat(130)), { recursive: true })
    const { changes, leftOut } = await look()
    expect(changes.map(({ path }) => path.length)).toEqual([40 * 91 + 3])
    expect(leftOut).toMatchObject([{ why: 'deep' }])
  })
})

describe('what is applied', () => {
  test('never goes through a link, of the copy or of the workspace', async () => {
    await make()
    await rm(join(copy, 'src'), { recursive: true })
    await symlink(outside, join(copy, 'src'))
    expect((await look()).changes.map(words)).toEqual([
      'changed src conflict leads-out',
      'deleted src/app.js',
      'deleted src/deep/old.js',
    ])
    const stolen = { path: 'src/secret', seen: 'x', overwrites: true, isTicked: true }
    expect((await apply([stolen])).applied).toEqual([])
    await rm(join(copy, 'src'))
    await mkdir(join(copy, 'src'))
    await writeFile(join(copy, 'src/app.js'), 'two\n')
    await writeFile(join(copy, 'src/planted'), 'planted\n')
    const { changes } = await look()
    // Between the look and the apply the person's own folder became a link.
    await rename(join(real, 'src'), join(real, 'moved'))
    await symlink(outside, join(real, 'src'))
    const { applied, refused } = await apply(
      changes.map((change) => chosen(change, { overwrites: true })),
    )
    expect(applied).toEqual([])
    expect(refused.map(({ path }) => path).sort()).toEqual([
      'src/app.js',
      'src/deep/old.js',
      'src/planted',
    ])
    expect(await run('ls', ['-A', outside])).toMatchObject({ stdout: 'secret\n' })
  })

  test('replaces a link of the workspace and not what it leads to', async () => {
    await make()
    await writeFile(join(copy, 'run.sh'), 'theirs\n')
    await rm(join(real, 'run.sh'))
    await symlink(join(outside, 'secret'), join(real, 'run.sh'))
    const { changes } = await look()
    expect(changes.map(words)).toEqual(['changed run.sh conflict'])
    await apply(changes.map((change) => chosen(change, { overwrites: true })))
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('outside\n')
    expect(await text('run.sh')).toBe('theirs\n')
  })

  test('is what was looked at, or nothing', async () => {
    await make()
    await writeFile(join(copy, 'src/app.js'), 'shown\n')
    const [change] = (await look()).changes
    await writeFile(join(copy, 'src/app.js'), 'after\n')
    expect((await apply([chosen(change!)])).refused).toMatchObject([{ why: 'changed-since' }])
    expect(await text('src/app.js')).toBe('one\n')
    const [again] = (await look()).changes
    expect((await apply([chosen(again!)])).applied).toEqual(['src/app.js'])
    expect(await text('src/app.js')).toBe('after\n')
    expect((await look()).changes).toEqual([])
  })

  test('has the rights of what it replaces, and is never set-user-ID', async () => {
    await make()
    await chmod(join(real, 'src/app.js'), 0o640)
    await make2()
    await writeFile(join(copy, 'src/app.js'), 'two\n')
    await chmod(join(copy, 'src/app.js'), 0o6777)
    await writeFile(join(copy, 'tool'), '#!/bin/sh\n')
    await chmod(join(copy, 'tool'), 0o4755)
    const { changes } = await look()
    expect(changes.map(({ isExecutable }) => isExecutable)).toEqual([true, true])
    await apply(changes.map((change) => chosen(change)))
    expect((await lstat(join(real, 'src/app.js'))).mode & 0o7777).toBe(0o750)
    expect((await lstat(join(real, 'tool'))).mode & 0o7000).toBe(0)
    expect((await lstat(join(real, 'tool'))).mode & 0o100).toBe(0o100)
  })

  async function make2(): Promise<void> {
    await rm(copy, { recursive: true })
    await mkdir(copy)
    await make()
  }

  test('takes a folder’s place where a file was, and the other way', async () => {
    await make()
    await rm(join(copy, 'src/deep'), { recursive: true })
    await writeFile(join(copy, 'src/deep'), 'a file\n')
    await rm(join(copy, 'run.sh'))
    await mkdir(join(copy, 'run.sh'))
    await writeFile(join(copy, 'run.sh/inner'), 'inner\n')
    const { changes } = await look()
    const { refused } = await apply(changes.map((change) => chosen(change)))
    // What stands there is a folder still when the file was looked at: the next look can bring it.
    expect(refused.map(({ path }) => path).sort()).toEqual(['run.sh/inner', 'src/deep'])
    const rest = (await look()).changes
    expect((await apply(rest.map((change) => chosen(change)))).refused).toEqual([])
    expect(await text('src/deep')).toBe('a file\n')
    expect(await text('run.sh/inner')).toBe('inner\n')
  })

  test('goes on past what failed, and says what was done', async () => {
    await make()
    await writeFile(join(copy, 'a'), 'a')
    await mkdir(join(copy, 'blocked'))
    await writeFile(join(copy, 'blocked/b'), 'b')
    await writeFile(join(copy, 'c'), 'c')
    const { changes } = await look()
    await writeFile(join(real, 'blocked'), 'a file of the person’s')
    expect(await apply(changes.map((change) => chosen(change)))).toMatchObject({
      applied: ['a', 'c'],
      refused: [{ path: 'blocked/b' }],
    })
    expect(await run('ls', ['-A', real])).toMatchObject({
      stdout: 'a\nblocked\nc\nlink\nrun.sh\nsrc\n',
    })
  })

  test('is no path that leads out by its words', async () => {
    await make()
    for (const path of ['../x', '/etc/x', 'a/../../x', 'a//b', '.', 'a/.'])
      expect(
        (await apply([{ path, seen: 'x', overwrites: true, isTicked: true }])).refused,
      ).toMatchObject([{ path, why: 'blocked' }])
  })
})
