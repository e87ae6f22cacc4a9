import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import type { CopyRequest } from '../../src/shared/domain/copy.ts'
import type { JobFrame } from '../../src/shared/domain/engine.ts'
import type { SessionId } from '../../src/shared/domain/ids.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'
import { docker, makeImage } from './engine-image.ts'

const test = requireCapability('a container engine')
/** Without a tar. */
const BARE = 'cloche-test-copy-bare'

let host: TestHost
let connection: Connection
let folder: string
beforeAll(() => makeImage(BARE, ['cat', 'cut', 'sh', 'sleep', 'tr']))
afterAll(() => void docker('rmi', '--force', BARE))
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
  folder = join(host.home, 'copies')
  await mkdir(folder)
})
afterEach(() => host.dispose())

async function start(image: string | null = null): Promise<{ id: SessionId; container: string }> {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, 'sleep 300'),
    ...{ level: 'container', image },
  })
  if (!created.ok) throw failure(created.error)
  const { id } = created.value
  const filter = ['--filter', `label=dev.cloche.session=${id}`]
  return { id, container: docker('ps', '--quiet', '--no-trunc', ...filter) }
}

/** What came of it: `null` where it is done, or why it is not. */
async function copy(request: CopyRequest): Promise<{ why: string | null; lines: string[] }> {
  const begun = await connection.api.engine.copy(request)
  if (!begun.ok) return { why: begun.error.detail, lines: [] }
  const lines: string[] = []
  return new Promise((done) => {
    connection.api.image.jobs(null, (frame) => {
      const frames: JobFrame[] = frame.type === 'snapshot' ? frame.state : [frame.change]
      for (const { job, lines: more } of frames) {
        if (job.id !== begun.value.id) continue
        lines.push(...more)
        if (job.state !== 'running') done({ why: job.detail, lines })
      }
    })
  })
}

const inside = (container: string, script: string): string =>
  docker('exec', container, '/bin/sh', '-c', script)

describe('files of a container', () => {
  test('go in and come out, whole folders as well, and both are answered for', async () => {
    const { id, container } = await start()
    const source = join(folder, 'given')
    await mkdir(join(source, 'deep'), { recursive: true })
    await writeFile(join(source, 'deep/one'), 'x'.repeat(300_000))
    await writeFile(join(source, 'empty'), '')
    await symlink('deep/one', join(source, 'link'))
    const given = { kind: 'copy-in', container, from: source, to: '/tmp' } as const
    expect((await copy(given)).why).toBeNull()
    expect(inside(container, 'cd /tmp/given; ls; wc -c <deep/one; readlink link')).toBe(
      'deep\nempty\nlink\n300000\ndeep/one',
    )
    // As the program itself is, in a folder in memory that the engine's own copying does not see.
    expect(inside(container, 'stat -c %u:%g /tmp/given/deep/one')).toBe(
      inside(container, 'echo $(id -u):$(id -g)'),
    )
    const single = { ...given, from: join(source, 'deep/one'), to: '/tmp/given' } as const
    expect((await copy(single)).why).toBeNull()
    expect((await copy(single)).why).toContain('There is a one in /tmp/given already')
    expect((await copy({ ...given, to: '/tmp/none' })).why).toContain(
      'There is no folder /tmp/none',
    )
    expect((await copy({ ...given, to: '/usr' })).why).toMatch(/Read-only file system|denied/)

    inside(container, 'cd /tmp/given; echo run >.hidden; chmod 6755 .hidden; mkfifo pipe')
    const taken = await copy({ kind: 'copy-out', container, from: '/tmp/given', to: join(folder) })
    expect(taken.why).toBe(`There is a given in ${folder} already.`)
    const out = join(host.home, 'out')
    await mkdir(out)
    const asked = { kind: 'copy-out', container, from: '/tmp/given', to: out } as const
    const { why, lines } = await copy(asked)
    expect(why).toBeNull()
    expect(lines.join('\n')).toContain('Files: 4, folders: 1; left out')
    expect((await readdir(join(out, 'given'))).sort()).toEqual(['.hidden', 'deep', 'empty', 'one'])
    expect((await readFile(join(out, 'given/deep/one'), 'utf8')).length).toBe(300_000)
    expect((await lstat(join(out, 'given/.hidden'))).mode & 0o7111).toBe(0)
    // One file alone; a name that begins with a dot is one that something may obey.
    expect((await copy({ ...asked, from: '/tmp/given/.hidden' })).why).toBeNull()
    expect(await readFile(join(out, 'hidden'), 'utf8')).toBe('run\n')
    expect((await readdir(out)).sort()).toEqual(['given', 'hidden'])

    const facts = async () =>
      (await connection.api.audit.read({ words: '', before: null })).entries
        .filter(({ sessionId }) => sessionId === id)
        .flatMap(({ fact }) => (fact.type === 'files/copied' ? [fact] : []))
    await expect.poll(facts).toEqual(
      expect.arrayContaining([
        { type: 'files/copied', direction: 'in', from: source, to: '/tmp', isDone: true },
        { type: 'files/copied', direction: 'out', from: '/tmp/given', to: out, isDone: true },
        { type: 'files/copied', direction: 'in', from: source, to: '/usr', isDone: false },
      ]),
    )
    await connection.api.session.stop({ id })
    expect((await copy(asked)).why).toBe('No session of Cloche runs in it.')
  })

  test('come into no folder that is obeyed, worked in or Cloche’s own; nothing of that goes in', async () => {
    const { container } = await start()
    inside(container, 'echo planted >/tmp/planted')
    const hidden = join(host.home, '.config')
    await mkdir(hidden)
    const out = (to: string) => copy({ kind: 'copy-out', container, from: '/tmp/planted', to })
    expect((await out(hidden)).why).toContain('is hidden')
    expect((await out(host.workspace)).why).toContain('An agent works in')
    expect((await out(host.dataDir)).why).toContain('the data of Cloche itself')
    expect((await out(join(host.home, 'none'))).why).toContain('There is no folder')
    // A link to one of them is one of them.
    await symlink(hidden, join(folder, 'way'))
    expect((await out(join(folder, 'way'))).why).toContain('is hidden')
    await symlink(host.workspace, join(folder, 'work'))
    expect((await out(join(folder, 'work'))).why).toContain('An agent works in')
    expect(await readdir(hidden)).toEqual([])
    expect(await readdir(host.workspace)).not.toContain('planted')
    const within = (from: string) => copy({ kind: 'copy-in', container, from, to: '/tmp' })
    expect((await within(host.dataDir)).why).toContain('the data of Cloche itself')
    expect((await within('/dev/null')).why).toContain('no file and no folder')
    expect((await out(folder)).why).toBeNull()
    expect(await readFile(join(folder, 'planted'), 'utf8')).toBe('planted\n')
  })

  test('that are given up leave nothing behind', async () => {
    const { container } = await start()
    inside(container, 'head -c 80000000 /dev/zero >/tmp/large')
    const asked = { kind: 'copy-out', container, from: '/tmp/large', to: folder } as const
    const begun = await connection.api.engine.copy(asked)
    if (!begun.ok) throw new Error(begun.error.detail)
    // It has begun to be there.
    await expect.poll(() => readdir(folder), { interval: 2 }).not.toEqual([])
    expect(await connection.api.image.cancel({ id: begun.value.id })).toEqual({
      ok: true,
      value: null,
    })
    await expect.poll(() => readdir(folder)).toEqual([])
    // Where nobody gives it up, it comes.
    expect((await copy(asked)).why).toBeNull()
    expect((await lstat(join(folder, 'large'))).size).toBe(80_000_000)
  })

  test('without a tar in the image are copied one by one, and a folder says why not', async () => {
    const { container } = await start(BARE)
    const path = join(folder, 'single')
    await writeFile(path, 'one')
    const asked = { kind: 'copy-in', container, from: path, to: '/tmp' } as const
    expect((await copy(asked)).why).toBeNull()
    expect(inside(container, 'cat /tmp/single')).toBe('one')
    expect((await copy({ ...asked, from: folder })).why).toContain('has no tar')
    const out = { kind: 'copy-out', container, from: '/tmp', to: folder } as const
    expect((await copy(out)).why).toContain('has no tar')
    expect(await readdir(folder)).toEqual(['single'])
  })

  test('of a container that Cloche did not make are left alone', async () => {
    const foreign = docker('create', BARE, 'sh')
    try {
      const asked = {
        kind: 'copy-out',
        container: foreign,
        from: '/own-programs',
        to: folder,
      } as const
      expect((await copy(asked)).why).toBe('No session of Cloche runs in it.')
    } finally {
      docker('rm', foreign)
    }
  })
})
