import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import { sweepContainers } from '../../src/main/backends/containers/owner.ts'
import type { DevContainer } from '../../src/shared/domain/dev-container.ts'
import type { JobFrame } from '../../src/shared/domain/engine.ts'
import type { SessionId } from '../../src/shared/domain/ids.ts'
import type { SessionSpec } from '../../src/shared/domain/session.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'
import { docker, makeImage } from './engine-image.ts'

const test = requireCapability('a container engine')
const BASE = 'cloche-test-dev-base'
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const AGENTS = resolve(import.meta.dirname, '../fixtures/agents/node_modules/.bin')

let host: TestHost
let connection: Connection
const built = new Set<string>()
beforeAll(() =>
  makeImage(
    BASE,
    [...'cat chmod cp cut grep ls mkdir rm sed sh touch tr'.split(' ')],
    [join(AGENTS, 'claude')],
  ),
)
afterAll(() => {
  for (const name of new Set([BASE, ...built]))
    if (docker('images', '--quiet', name) !== '') docker('rmi', '--force', name)
})
beforeEach(async () => {
  host = await startTestHost({
    env: { PATH: `${AGENTS}:${process.env.PATH}`, OWN: 'of the person' },
  })
  connection = await host.connect()
  await mkdir(join(host.workspace, '.devcontainer'))
})
afterEach(() => host.dispose())

async function configure(config: object): Promise<DevContainer> {
  const path = join(host.workspace, '.devcontainer/devcontainer.json')
  await writeFile(path, JSON.stringify(config))
  const [found] = await connection.api.devContainer.list({ workspace: host.workspace })
  return found!
}

async function make(dev: DevContainer, initializes = false, asked = connection): Promise<JobFrame> {
  const { path, hash, image } = dev
  const made = await asked.api.image.make({
    ...{ kind: 'dev', folder: host.workspace, choice: { path, hash }, name: image!, initializes },
  })
  if (!made.ok) throw new Error(made.error.type)
  built.add(image!)
  const lines: string[] = []
  return new Promise((done) => {
    connection.api.image.jobs(null, (frame) => {
      for (const { job, lines: more } of frame.type === 'snapshot' ? frame.state : [frame.change]) {
        if (job.id !== made.value.id) continue
        lines.push(...more)
        if (job.state !== 'running') done({ job, lines })
      }
    })
  })
}

const create = ({ path, hash }: DevContainer, command: string, more: Partial<SessionSpec> = {}) =>
  connection.api.session.create({
    ...shellSpec(host.workspace, command),
    ...{ level: 'container', devContainer: { path, hash }, ...more },
  })

describe('a dev container', () => {
  test('is built, and its commands run inside the wall before the program', async () => {
    await writeFile(
      join(host.workspace, '.devcontainer/Dockerfile'),
      `ARG FROM=none\nFROM ${BASE}\nARG WORD\nENV BUILT_WITH=$WORD\n`,
    )
    const dev = await configure({
      build: { dockerfile: 'Dockerfile', context: '..', args: { WORD: '${localEnv:OWN:default}' } },
      containerEnv: { MODE: 'dev', TAKEN: '${localEnv:OWN:nothing}' },
      postStartCommand: 'echo "mode $MODE, $TAKEN, $BUILT_WITH"; ls /home; touch made-inside',
      postAttachCommand: ['cat', '/etc/hostname'],
      privileged: true,
      mounts: [`source=${host.home},target=/the-home,type=bind`],
    })
    expect(dev.risks).toHaveLength(2)
    // It is not there yet: nothing starts, and nothing is built behind the person's back.
    const early = await create(dev, 'cat /dev/null')
    expect(early).toMatchObject({
      error: { type: 'boundary_failed', part: `the image ${dev.image}` },
    })
    const { job, lines } = await make(dev)
    expect([job.state, job.detail], lines.join('\n')).toEqual(['done', null])

    const created = await create(dev, `sh -c 'echo "the program, $MODE"; ls /the-home'`)
    if (!created.ok) throw failure(created.error)
    expect(created.value.axes.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))
    const { state } = follow(connection, created.value.id)
    await expect.poll(() => state().session?.status).toBe('ended')
    const text = await outputOf(connection, created.value.id)
    expect(text).toContain('mode dev, nothing, default')
    expect(text).toContain('the program, dev')
    expect(text).toMatch(/the-home.*No such file/)
    expect(existsSync(join(host.workspace, 'made-inside'))).toBe(true)
    const shown = created.value.policy!.command.join(' ')
    expect(shown).not.toContain('privileged')

    // What a person let in is what `localEnv` finds, and nothing else is.
    const given = await create(dev, 'cat /dev/null', {
      variables: [{ name: 'OWN', source: 'machine', isSecret: false }],
    })
    if (!given.ok) throw failure(given.error)
    await expect
      .poll(() => outputOf(connection, given.value.id))
      .toContain('mode dev, of the person, default')
  })

  test('with Compose is its service alone, with its variables; the others are named and not there', async () => {
    await writeFile(
      join(host.workspace, 'compose.yml'),
      `services: { app: { build: { context: ., dockerfile: Dev }, environment: { DB: "db:\${PORT:-5432}" } }, db: { image: postgres } }`,
    )
    await writeFile(join(host.workspace, 'Dev'), `FROM ${BASE}\nENV BUILT=1\n`)
    const dev = await configure({ dockerComposeFile: '../compose.yml', service: 'app' })
    expect(dev).toMatchObject({ made: 'built', notStarted: [{ name: 'db', from: 'postgres' }] })
    const { job, lines } = await make(dev)
    expect([job.state, job.detail], lines.join('\n')).toEqual(['done', null])
    const created = await create(dev, `sh -c 'echo "at $DB, $BUILT"'`)
    if (!created.ok) throw failure(created.error)
    await expect.poll(() => outputOf(connection, created.value.id)).toContain('at db:5432, 1')
  })

  test('that was changed since it was seen starts nothing', async () => {
    const dev = await configure({ image: BASE })
    await configure({ image: BASE, postCreateCommand: 'cat /etc/passwd' })
    const refused = await create(dev, 'cat /dev/null')
    expect(refused).toMatchObject({
      error: {
        type: 'dev_container_refused',
        reason:
          '.devcontainer/devcontainer.json is not what you saw: it was changed. Look at it again.',
      },
    })
    const { job } = await make(dev)
    expect(job.detail).toMatch(/is not what you saw/)
  })

  test('runs its command for this machine only when a person says so, and not from a browser', async () => {
    const dev = await configure({ image: BASE, initializeCommand: 'echo "on $0" > initialized' })
    const file = join(host.workspace, 'initialized')
    expect((await make(dev)).job.state).toBe('done')
    expect(existsSync(file)).toBe(false)
    await expect(make(dev, true, await host.connect('web'))).rejects.toThrow('refused_in_browser')
    expect(existsSync(file)).toBe(false)
    const { job, lines } = await make(dev, true)
    expect(job.detail).toBeNull()
    expect(lines[0]).toMatch(/^On this machine: \/bin\/sh -ec echo/)
    expect(await readFile(file, 'utf8')).toBe('on /bin/sh\n')
  })

  test('with features is built by the reference tool, which is given nothing else', async () => {
    const feature = join(host.workspace, '.devcontainer/own')
    await mkdir(feature)
    const about = {
      id: 'own',
      version: '1.0.0',
      name: 'Own',
      options: { word: { type: 'string' } },
    }
    await writeFile(join(feature, 'devcontainer-feature.json'), JSON.stringify(about))
    const install = '#!/bin/sh\necho "made with $WORD" > /of-the-feature\n'
    await writeFile(join(feature, 'install.sh'), install, { mode: 0o755 })
    const dev = await configure({
      ...{ image: BASE, features: { './own': { word: 'care' } } },
      ...{ initializeCommand: 'touch initialized', postStartCommand: 'cat /of-the-feature' },
    })
    expect(dev).toMatchObject({ made: 'built', features: ['./own'] })
    const { job, lines } = await make(dev)
    expect([job.state, job.detail], lines.join('\n')).toEqual(['done', null])
    expect(existsSync(join(host.workspace, 'initialized'))).toBe(false)
    const created = await create(dev, 'cat /dev/null')
    if (!created.ok) throw failure(created.error)
    await expect.poll(() => outputOf(connection, created.value.id)).toContain('made with care')
  })

  test('with features says what builds it, where that is missing', async () => {
    await host.dispose()
    host = await startTestHost({ env: { PATH: '/usr/bin:/bin' } })
    connection = await host.connect()
    await mkdir(join(host.workspace, '.devcontainer'))
    const dev = await configure({ image: BASE, features: { './own': {} } })
    const { job } = await make(dev)
    expect(job.state).toBe('failed')
    expect(job.detail).toContain('npm install -g @devcontainers/cli')
  })
})

describe('the create commands of a dev container', () => {
  const setUp = async (dev: DevContainer): Promise<string> => {
    built.add(dev.setUpImage!)
    const created = await connection.api.session.create({
      ...{ ...shellSpec(host.workspace, ''), agent: 'shell', command: null, level: 'container' },
      devContainer: { path: dev.path, hash: dev.hash, setsUp: true },
    })
    if (!created.ok) throw failure(created.error)
    return ended(created.value.id)
  }
  const ended = async (id: SessionId): Promise<string> => {
    const { state } = follow(connection, id)
    await expect.poll(() => state().session?.status).toBe('ended')
    return outputOf(connection, id)
  }
  const start = async (dev: DevContainer, command: string): Promise<string> => {
    const created = await create(dev, command)
    if (!created.ok) throw failure(created.error)
    expect(created.value.axes.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))
    return ended(created.value.id)
  }
  const hasImage = (name: string | null): boolean => docker('images', '--quiet', name!) !== ''

  test('run once, behind the wall; each session begins with the home they left, and with nothing else of theirs', async () => {
    const dev = await configure({
      image: BASE,
      containerEnv: { MODE: 'dev' },
      onCreateCommand: 'echo "begun $MODE"; mkdir -p ~/.tool/deep; echo 1 >~/.tool/deep/one',
      postCreateCommand: {
        one: 'echo "$MODE" >~/made; touch made-once; chmod 500 ~/.tool/deep',
        two: ['sh', '-c', 'cat /etc/shadow /var/run/docker.sock; echo x >>counted; true'],
      },
      postStartCommand: 'echo started >>~/made',
    })
    expect(dev.setUpImage).toBe(
      `cloche-dev-${dev.setUpImage!.slice(11, 23)}:${dev.hash.slice(0, 12)}-set-up`,
    )
    await make(dev)
    const early = await create(dev, 'cat /dev/null')
    expect(early).toMatchObject({
      error: { part: `the image ${dev.setUpImage}`, remedy: expect.stringMatching(/^Set the dev/) },
    })
    const said = await setUp(dev)
    expect(said).toMatch(/onCreateCommand.*begun dev.*postCreateCommand.*All have run/s)
    expect(said).not.toContain('started')
    expect(hasImage(dev.setUpImage)).toBe(true)
    // Neither who made it nor what it was given is in it, so that nothing made from it is taken for ours.
    const [{ Config: config }] = JSON.parse(docker('inspect', dev.setUpImage!))
    expect(config.Labels).toEqual({ 'dev.cloche.kind': 'set-up', 'dev.cloche.owner': '' })
    // Podman adds two of its own.
    const env: string[] = config.Env
    expect(env.filter((item) => !/^(TERM|container)=/.test(item))).toEqual([
      ...['PATH=/own-programs', 'OF_THE_IMAGE=1'],
    ])

    const first = await start(
      dev,
      `sh -c 'cat ~/made ~/.tool/deep/one; rm -rf ~/made; touch ~/mine; ls -a ~'`,
    )
    expect(first).toMatch(/dev\r\nstarted\r\n1\r\n/)
    const second = await start(dev, `sh -c 'cat ~/made; ls -a ~'`)
    expect(second).toMatch(/dev\r\nstarted/)
    expect(second).not.toContain('mine')
    expect(await readFile(join(host.workspace, 'counted'), 'utf8')).toBe('x\n')
    expect(docker('volume', 'ls', '--quiet')).toBe('')

    // Who makes a container of it by hand keeps it.
    const own = docker('create', '--entrypoint', '/bin/sh', dev.setUpImage!)
    try {
      await sweepContainers(process.env, silent, new AbortController().signal)
      expect(docker('ps', '--all', '--quiet', '--no-trunc', '--filter', `id=${own}`)).toBe(own)
    } finally {
      docker('rm', own)
    }
    const listed = await connection.api.engine.removable(null)
    expect(listed).toMatchObject({
      value: expect.arrayContaining([
        expect.objectContaining({
          name: dev.setUpImage,
          why: expect.stringMatching(/^The create/),
        }),
      ]),
    })
    // Made again, it is set up again.
    const { lines } = await make(dev)
    expect(lines.at(-1)).toMatch(/^What was set up before is gone/)
    expect(hasImage(dev.setUpImage)).toBe(false)
  })

  test('that fail leave nothing, and say which and what to do', async () => {
    const dev = await configure({
      image: BASE,
      onCreateCommand: 'echo half >~/made',
      updateContentCommand: 'echo "no such registry"; exit 7',
      postCreateCommand: 'echo never',
    })
    await make(dev)
    const said = await setUp(dev)
    expect(said).toMatch(/no such registry\r\n.*updateContentCommand ended with 7\./s)
    expect(said).toContain('set it up again')
    expect(said).not.toContain('never')
    expect(hasImage(dev.setUpImage)).toBe(false)
    expect(docker('volume', 'ls', '--quiet')).toBe('')
  })

  test('that a person stops leave nothing', async () => {
    const dev = await configure({ image: BASE, onCreateCommand: 'echo begun; while :; do :; done' })
    await make(dev)
    const created = await connection.api.session.create({
      ...{ ...shellSpec(host.workspace, ''), agent: 'shell', command: null, level: 'container' },
      devContainer: { path: dev.path, hash: dev.hash, setsUp: true },
    })
    if (!created.ok) throw failure(created.error)
    await expect.poll(() => outputOf(connection, created.value.id)).toContain('begun')
    await connection.api.session.stop({ id: created.value.id })
    await ended(created.value.id)
    expect(hasImage(dev.setUpImage)).toBe(false)
  })

  test('are nothing to set up where there are none', async () => {
    const dev = await configure({ image: BASE, postStartCommand: 'true' })
    expect(dev.setUpImage).toBeNull()
    const refused = await connection.api.session.create({
      ...{ ...shellSpec(host.workspace, ''), agent: 'shell', command: null, level: 'container' },
      devContainer: { path: dev.path, hash: dev.hash, setsUp: true },
    })
    expect(refused).toMatchObject({ error: { type: 'dev_container_refused' } })
  })
})

describe('an image without the agent', () => {
  test('gets this machine’s, where it can run', async () => {
    const created = await connection.api.session.create({
      ...shellSpec(host.workspace, ''),
      ...{ agent: 'claude-code', command: null, level: 'container', image: BASE },
    })
    // A program of this machine needs the C library that the image has, and the image has it.
    if (!created.ok) throw failure(created.error)
    const text = async (): Promise<string> =>
      (await outputOf(connection, created.value.id)).replaceAll(/\x1b\[[0-9;?<>=]*[A-Za-z]|\s/g, '')
    await expect.poll(text).toContain('WelcometoClaudeCode')
    await connection.api.session.stop({ id: created.value.id })
  })

  test('says what is missing, where it cannot', async () => {
    const created = await connection.api.session.create({
      ...shellSpec(host.workspace, ''),
      ...{ agent: 'codex', command: null, level: 'container', image: BASE },
    })
    expect(created).toMatchObject({
      error: {
        type: 'boundary_failed',
        detail:
          'it has no program codex, and this machine’s needs node, which it does not have either',
      },
    })
  })
})
