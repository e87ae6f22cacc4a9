import { existsSync } from 'node:fs'
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import type {
  ContainerUsage,
  ImageRequest,
  JobFrame,
  OwnContainer,
} from '../../src/shared/domain/engine.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { containerBackend, testEngines } from '../helpers/sandbox.ts'
import { shellSpec } from '../helpers/spec.ts'
import { docker, makeImage } from './engine-image.ts'

const test = requireCapability('a container engine')
const BASE = 'cloche-test-base'
/** Of somebody else. */
const FOREIGN = 'cloche-test-foreign'

let host: TestHost
let connection: Connection
beforeAll(() => makeImage(BASE, ['cat', 'cp', 'cut', 'find', 'ls', 'mkdir', 'sh', 'sleep', 'tr']))
afterAll(() => void docker('rmi', '--force', BASE))
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

/** Starts it, and follows it to its end. */
async function make(request: ImageRequest): Promise<JobFrame> {
  const { id, ended } = await begin(request)
  const end = await ended
  expect(end.job.id).toBe(id)
  return end
}

async function begin(request: ImageRequest) {
  const made = await connection.api.image.make(request)
  if (!made.ok) throw new Error('not made')
  const { id } = made.value
  const lines: string[] = []
  const ended = new Promise<JobFrame>((resolve) => {
    const stop = connection.api.image.jobs(null, (frame) => {
      const frames = frame.type === 'snapshot' ? frame.state : [frame.change]
      for (const each of frames) {
        if (each.job.id !== id) continue
        lines.push(...each.lines)
        if (each.job.state === 'running') continue
        resolve({ job: each.job, lines })
        queueMicrotask(() => stop())
      }
    })
  })
  return { id, lines, ended }
}

const names = async () => (await connection.api.image.list(null)).map(({ name }) => name)

describe('an image', () => {
  const BUILT = 'cloche-test-built:1'
  afterEach(() => {
    for (const name of [BUILT, 'cloche-test-imported:2', 'cloche-agents:latest'])
      if (docker('images', '--quiet', name) !== '') docker('rmi', '--force', name)
  })

  test('is built from a Dockerfile of the workspace, without the secrets that lie there', async () => {
    await writeFile(join(host.workspace, 'kept.txt'), 'kept\n')
    await writeFile(join(host.workspace, '.env'), 'TOKEN=very-secret\n')
    await mkdir(join(host.workspace, 'ignored'))
    await writeFile(join(host.workspace, 'ignored/not.txt'), '')
    await writeFile(join(host.workspace, 'ignored/wanted.txt'), '')
    await writeFile(join(host.workspace, '.dockerignore'), 'ignored/*\n!ignored/wanted.txt\n')
    await writeFile(
      join(host.workspace, 'Dockerfile'),
      `FROM ${BASE}\nCOPY . /from-here\nRUN find /from-here -type f\n`,
    )
    const request: ImageRequest = {
      ...{ kind: 'build', folder: host.workspace, dockerfile: 'Dockerfile' },
      ...{ name: BUILT, network: 'none' },
    }
    const { job, lines } = await make(request)
    expect([job.state, job.detail]).toEqual(['done', null])
    expect(lines).toContain('Left out, because it may hold a secret: .env')
    const files = lines.filter((line) => line.startsWith('/from-here/'))
    expect(files.sort()).toEqual(
      ['Dockerfile', 'ignored/wanted.txt', 'kept.txt', '.dockerignore']
        .map((name) => `/from-here/${name}`)
        .sort(),
    )
    expect(await names()).toContain(BUILT)
    // A session runs in it, and it can be removed when that is over: Cloche made it.
    const created = await connection.api.session.create({
      ...shellSpec(host.workspace, 'ls /from-here'),
      ...{ image: BUILT, level: 'container' },
    })
    if (!created.ok) throw failure(created.error)
    await expect.poll(async () => (await removable()).map(({ name }) => name)).toContain(BUILT)
  })

  test('that cannot be built says why, and what it said until then stays', async () => {
    await writeFile(
      join(host.workspace, 'Dockerfile'),
      `FROM ${BASE}\nRUN sh -c 'echo it begins; exit 7'\n`,
    )
    const build = (changes: Partial<Extract<ImageRequest, { kind: 'build' }>>) =>
      make({
        ...{ kind: 'build', folder: host.workspace, dockerfile: 'Dockerfile' },
        ...{ name: BUILT, network: 'none', ...changes },
      })
    const failed = await build({})
    expect(failed.job.state).toBe('failed')
    expect(failed.job.detail).toMatch(/(code: |exit status )7$/)
    expect(failed.lines).toContain('it begins')
    const absent = await build({ dockerfile: 'Containerfile' })
    expect(absent.job.detail).toBe(`There is no file Containerfile in ${host.workspace}.`)
    await writeFile(join(host.home, 'outside'), `FROM ${BASE}\n`)
    await symlink('../outside', join(host.workspace, 'link'))
    const outside = await build({ dockerfile: 'link' })
    expect(outside.job.detail).toBe(`link leads out of ${host.workspace}.`)
    expect(await names()).not.toContain(BUILT)
  })

  test('that is being built can be given up', async () => {
    await writeFile(join(host.workspace, 'Dockerfile'), `FROM ${BASE}\nRUN sleep 600\n`)
    const { id, lines, ended } = await begin({
      ...{ kind: 'build', folder: host.workspace, dockerfile: 'Dockerfile' },
      ...{ name: BUILT, network: 'none' },
    })
    await expect.poll(() => lines.join('\n')).toContain('RUN sleep 600')
    expect(await connection.api.image.cancel({ id })).toEqual({ ok: true, value: null })
    expect((await ended).job.state).toBe('cancelled')
    expect(await connection.api.image.cancel({ id })).toMatchObject({ ok: false })
    await expect.poll(() => docker('ps', '--quiet')).toBe('')
  })

  test('comes from a file, saved by an engine or the files of a system', async () => {
    const saved = join(host.workspace, 'saved.tar')
    docker('tag', BASE, 'cloche-test-imported:2')
    docker('save', '--output', saved, 'cloche-test-imported:2')
    await chmod(saved, 0o644)
    docker('rmi', 'cloche-test-imported:2')
    const name = 'cloche-test-imported:2'
    expect((await make({ kind: 'import', path: saved, name })).job).toMatchObject({
      ...{ state: 'done', detail: null },
    })
    expect(await names()).toContain(name)
    docker('rmi', name)
    const container = docker('create', BASE, 'sh')
    const files = join(host.workspace, 'files.tar')
    docker('export', '--output', files, container)
    docker('rm', container)
    expect((await make({ kind: 'import', path: files, name })).job.state).toBe('done')
    expect(await names()).toContain(name)
    await writeFile(join(host.workspace, 'text'), 'not a tar')
    const wrong = await make({ kind: 'import', path: join(host.workspace, 'text'), name })
    expect(wrong.job.detail).toMatch(/^\/.*text is no tar: /)
    const absent = await make({ kind: 'import', path: '/nowhere/x.tar', name })
    expect(absent.job.detail).toBe('/nowhere/x.tar is not there, or may not be read.')
  })

  test('that no registry gives says so in the engine’s words', async () => {
    const { job } = await make({ kind: 'pull', name: '127.0.0.1:9/nobody/nothing:1' })
    expect(job.state).toBe('failed')
    expect(job.detail).toMatch(/127\.0\.0\.1:9/)
  })

  // Its base and what its tools fetch cannot be had here: the steps are the real ones, what they call is not.
  test('of the agents is made by the steps that come with Cloche', async () => {
    const folder = join(host.workspace, 'base')
    await mkdir(folder)
    await writeFile(join(folder, 'tool'), '#!/bin/sh\necho "$0 $*"\n', { mode: 0o755 })
    await writeFile(
      join(folder, 'Dockerfile'),
      `FROM ${BASE}\nCOPY tool /bin/apt-get\nCOPY tool /bin/npm\nCOPY tool /bin/rm\n`,
    )
    const name = 'node:22-bookworm-slim'
    const base = await make({
      ...{ kind: 'build', folder, dockerfile: 'Dockerfile', name, network: 'none' },
    })
    expect(base.job.detail).toBeNull()
    const { job, lines } = await make({ kind: 'agents' })
    docker('rmi', '--force', name)
    expect([job.state, job.name]).toEqual(['done', 'cloche-agents:latest'])
    expect(lines.join('\n')).toMatch(/\/npm install --global .*@anthropic-ai\/claude-code/)
    expect(await names()).toContain('cloche-agents:latest')
  })
})

async function removable() {
  const found = await connection.api.engine.removable(null)
  if (!found.ok) throw new Error(found.error.detail)
  return found.value
}

/** As a page of it sees them: null while the engine does not answer. */
function watchContainers() {
  const seen: (readonly OwnContainer[] | null)[] = []
  connection.api.engine.containers(null, (frame) =>
    seen.push((frame.type === 'snapshot' ? frame.state : frame.change).containers),
  )
  return { seen, last: () => seen.at(-1) ?? null }
}

async function startBusy() {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `sh -c 'while :; do :; done'`),
    level: 'container',
  })
  if (!created.ok) throw failure(created.error)
  return created.value.id
}

describe('containers', () => {
  test('of sessions are listed with what they use, and gone with their sessions', async () => {
    const { last } = watchContainers()
    const id = await startBusy()
    const own = () => last()?.find(({ sessionId }) => sessionId === id)
    await expect.poll(() => own()?.state).toBe('running')
    expect(own()?.isLeft).toBe(false)
    const engine = await testEngines().engine()
    const usage: ContainerUsage[] = []
    const stop = connection.api.engine.usage(own()!.id, (frame) => {
      if (frame.type === 'delta') usage.push(frame.change)
    })
    if (engine?.facts.hasGroups) {
      await expect.poll(() => usage.at(-1)?.cpuPercent).toBeGreaterThan(10)
      expect(usage.at(-1)?.memoryBytes).toBeGreaterThan(100_000)
      expect(usage.at(-1)?.processes).toBeGreaterThan(0)
    } else expect((await containerBackend().diagnose()).summary).toContain('is not measured')
    stop()
    const inspected = await connection.api.engine.inspect({ id: own()!.id })
    expect(JSON.parse(inspected.ok ? inspected.value : '{}')).toMatchObject({ Id: own()!.id })
    await connection.api.session.stop({ id })
    await expect.poll(own).toBeUndefined()
  })

  test('of nobody are removed when a person says so; what Cloche did not make is never touched', async () => {
    // Without a word of its host; those of one that was killed go by themselves at the next start.
    const left = docker('create', '--label', 'dev.cloche.kind=session', BASE, 'sh')
    const foreign = docker('create', '--name', FOREIGN, BASE, 'sh')
    try {
      const { last } = watchContainers()
      await expect.poll(() => last()?.find(({ id }) => id === left)?.isLeft).toBe(true)
      expect(last()?.some(({ id }) => id === foreign)).toBe(false)
      expect(await connection.api.engine.inspect({ id: foreign })).toMatchObject({ ok: false })
      const shown = await removable()
      expect(shown.map(({ id }) => id)).toContain(left)
      expect(shown.map(({ name }) => name)).not.toContain(`${BASE}:latest`)
      const removed = await connection.api.engine.remove({ ids: [left, foreign, BASE] })
      expect(removed.ok).toBe(true)
      expect(docker('ps', '--all', '--quiet', '--no-trunc')).toBe(foreign)
      expect(docker('images', '--quiet', BASE)).not.toBe('')
    } finally {
      docker('rm', '--force', FOREIGN)
    }
  })

  requireCapability('a container engine', 'an engine that may be killed')(
    'are read anew when their engine comes back',
    async () => {
      const { seen, last } = watchContainers()
      const id = await startBusy()
      const isThere = () => last()?.some(({ sessionId }) => sessionId === id) ?? false
      await expect.poll(isThere).toBe(true)
      const wish = process.env.CLOCHE_TEST_ENGINE_RESTART ?? ''
      await writeFile(wish, '')
      await expect.poll(() => existsSync(wish)).toBe(false)
      await expect.poll(isThere).toBe(true)
      expect(seen.slice(1)).toContain(null)
      await connection.api.session.stop({ id })
      await expect.poll(isThere).toBe(false)
    },
  )
})

describe('an engine', () => {
  test('is chosen by a person, for every start from then on; one that does not answer is not', async () => {
    const [used] = (await connection.api.engine.list(null)).filter(({ isUsed }) => isUsed)
    expect(used?.words).toMatch(/^(Docker|Podman) \d/)
    const refused = await connection.api.engine.choose({ socket: '/nowhere/docker.sock' })
    expect(refused).toMatchObject({
      error: { detail: 'The engine at /nowhere/docker.sock is not there.' },
    })
    expect(await connection.api.engine.choose({ socket: used!.socket })).toMatchObject({ ok: true })
    await host.restart()
    connection = await host.connect()
    const again = await connection.api.engine.list(null)
    expect(again.filter(({ isUsed }) => isUsed).map(({ socket }) => socket)).toEqual([used!.socket])
    await rm(join(host.dataDir, 'engine.json'))
  })
})
