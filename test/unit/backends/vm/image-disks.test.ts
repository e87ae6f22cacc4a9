import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test as plain } from 'vitest'
import {
  createImageDisks,
  diskName,
  type ImageDisksOptions,
} from '../../../../src/main/backends/vm/image-disks.ts'
import { diskCommand } from '../../../../src/main/backends/vm/disk-tool.ts'
import { type FakeImage, startFakeEngine } from '../../../helpers/fake-engine.ts'
import { temporaryFolder } from '../../../helpers/recording.ts'
import { requireCapability } from '../../../helpers/require-capability.ts'

const test = requireCapability('sqfstar', 'bubblewrap')
const DIGEST = 'ab'.repeat(32)
const ID = `sha256:${DIGEST}`
const MIB = 2 ** 20

/** A tar of one file, which belongs to somebody else. */
async function archive(size = 1000): Promise<Buffer> {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'file'), Buffer.alloc(size, 'x'))
  const owned = ['--owner=1234', '--group=4321', '--mode=4755']
  return execFileSync('tar', ['-C', folder.path, ...owned, '-cf', '-', 'file'], {
    maxBuffer: 64 * MIB,
  })
}

async function disksOf(image: Partial<FakeImage>, options: Partial<ImageDisksOptions> = {}) {
  const engine = await startFakeEngine({ it: { id: ID, ...image } })
  const folder = await temporaryFolder()
  const at = join(folder.path, 'images')
  const disks = createImageDisks({ folder: at, ...options })
  const said: string[] = []
  const percents: number[] = []
  const make = (signal = new AbortController().signal) =>
    disks.make(
      engine.client,
      'it',
      ({ line, percent }) => {
        if (line !== undefined) said.push(line)
        if (percent !== undefined) percents.push(percent)
      },
      signal,
    )
  return {
    ...{ engine, disks, make, said, percents, at },
    kept: () => readdir(at).catch(() => []),
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

plain.each([
  [ID, `${DIGEST}.squashfs`],
  [DIGEST, `${DIGEST}.squashfs`],
  ['sha256:../../etc/passwd', null],
  [`sha256:${DIGEST}/../x`, null],
  [`${DIGEST}\n`, null],
  [DIGEST.toUpperCase(), null],
  ['', null],
])('the id %j names %j', (id, name) => {
  expect(diskName(id)).toBe(name)
})

plain('what takes a tar apart can change one folder, and reaches nothing', () => {
  const words = diskCommand('/usr/bin/sqfstar', { folders: ['/usr'], links: [] }, '/data/making')
  expect(words.filter((_, i) => words[i - 1] === '--bind')).toEqual(['/data/making'])
  expect(words).toEqual(
    expect.arrayContaining(['--unshare-all', '--clearenv', '--die-with-parent']),
  )
})

test('a disk is made once, keeps whose files are whose, and is told of meanwhile', async () => {
  await using here = await disksOf({ archive: await archive() })
  expect(await here.disks.take(ID)).toBeNull()
  await here.make()
  expect(await here.kept()).toEqual([`${DIGEST}.squashfs`])
  const disk = (await here.disks.take(ID))!.path
  expect((await stat(disk)).mode & 0o077).toBe(0)
  const listed = execFileSync('unsquashfs', ['-lln', disk], { encoding: 'utf8' })
  expect(listed).toMatch(/^-rwsr-xr-x 1234\/4321\s+1000 .*squashfs-root\/file$/m)
  expect(here.percents.at(-1)).toBe(99)

  await here.make()
  expect(here.said).toEqual(['The files of it become a disk.', 'It is there already.'])
  expect(here.engine.left()).toBe(0)
})

test.each([
  ['an engine that breaks off', { breaksOff: true }, {}, /./],
  ['what is no tar', { archive: Buffer.from('no tar at all'.repeat(1000)) }, {}, /^sqfstar: /],
  ['more than an image may be', {}, { mostFilesBytes: MIB / 2 }, /more than 0 GiB/],
  ['no tool', {}, { toolPaths: [] }, /^sqfstar is not installed: /],
])('%s leaves no disk, no part of one and no container', async (_name, image, options, words) => {
  await using here = await disksOf({ archive: await archive(MIB), ...image }, options)
  await expect(here.make()).rejects.toThrow(words)
  expect(await here.kept()).toEqual([])
  expect(here.engine.left()).toBe(0)
})

test('one that is given up leaves nothing, and what a killed host left goes', async () => {
  await using here = await disksOf({ archive: await archive(MIB) })
  await mkdir(join(here.at, 'unfinished-old'), { recursive: true })
  await expect(here.make(AbortSignal.abort())).rejects.toThrow(/abort/i)
  expect(await here.kept()).toEqual([])
  expect(here.engine.left()).toBe(0)
  // It was not that nothing can be made.
  await here.make()
  expect(await here.kept()).toHaveLength(1)
})

test('those used longest ago go when there are too many, never one that may be about to be used', async () => {
  await using here = await disksOf({ archive: await archive() }, { mostKeptBytes: 2 * MIB })
  await mkdir(here.at, { recursive: true })
  const ages = { older: 3, old: 2, newer: 1, fresh: 0 }
  for (const [name, hours] of Object.entries(ages)) {
    const path = join(here.at, `${name}.squashfs`)
    await writeFile(path, Buffer.alloc(name === 'fresh' ? 4 * MIB : MIB / 4))
    const at = new Date(Date.now() - hours * 3_600_000)
    await utimes(path, at, at)
  }
  await writeFile(join(here.at, 'no-disk'), '')
  await here.make()
  expect((await here.kept()).sort()).toEqual([`${DIGEST}.squashfs`, 'fresh.squashfs', 'no-disk'])
})

test('what is cut short is no disk', async () => {
  await using here = await disksOf({ archive: await archive() })
  await here.make()
  const disk = (await here.disks.take(ID))!.path
  const whole = await readFile(disk)
  await writeFile(disk, Buffer.alloc(whole.length))
  expect(await here.disks.take(ID)).toBeNull()
  await here.make()
  expect((await readFile(disk)).subarray(0, 4).toString()).toBe('hsqs')
})

test('what a machine has is not there to be removed; what none has is, and only that', async () => {
  await using here = await disksOf({ archive: await archive() }, { mostKeptBytes: 0, freshMs: 0 })
  await here.make()
  const other = 'cd'.repeat(32)
  await writeFile(join(here.at, `${other}.squashfs`), Buffer.alloc(1000))
  await writeFile(join(here.at, 'no-digest.squashfs'), '')
  const [first, second] = [await here.disks.take(ID), await here.disks.take(ID)]
  const listed = async () => (await here.disks.kept()).map(({ digest }) => digest).sort()
  expect(await here.disks.kept()).toEqual([
    { digest: other, sizeBytes: 1000, usedAtMs: expect.closeTo(Date.now(), -5) },
  ])
  expect(await here.disks.remove(DIGEST)).toBe(false)
  first?.letGo()
  first?.letGo()
  expect(await listed()).toEqual([other])
  expect(await here.disks.remove(DIGEST)).toBe(false)
  second?.letGo()
  expect(await listed()).toEqual([DIGEST, other])
  expect(await here.disks.remove('../no-digest')).toBe(false)
  expect(await here.disks.remove(DIGEST)).toBe(true)
  expect(await here.disks.remove(DIGEST)).toBe(false)
  expect(await here.kept()).toEqual([`${other}.squashfs`, 'no-digest.squashfs'])
})
