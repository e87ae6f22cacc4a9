import { plainStarter } from '../../../src/main/backends/program-starter.ts'
import { guestProgramsIn } from '../../../src/main/backends/vm/guest-system.ts'
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findEngines } from '../../../src/main/backends/containers/engines.ts'
import { findBubblewrap, isTooOld } from '../../../src/main/backends/diagnose-bubblewrap.ts'
import { diagnoseLimits } from '../../../src/main/backends/limits/diagnose.ts'
import { diagnoseTerminals, readTerminalFacts } from '../../../src/main/pty/diagnose.ts'
import { createBackends } from '../../../src/main/backends/registry.ts'
import { runDoctor } from '../../../src/main/run-doctor.ts'
import { noImageRoots, testEngines, testLimits, testPlaceholders } from '../../helpers/sandbox.ts'

let folder: string
let servers: Server[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloche-diagnosis-'))
  servers = []
})
afterEach(async () => {
  for (const server of servers) server.close()
  await rm(folder, { recursive: true, force: true })
})

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

const INFO = {
  ...{ ServerVersion: '27.1.0', CgroupVersion: '2', CgroupDriver: 'systemd', Driver: 'overlay2' },
  ...{ SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless'], PidsLimit: true },
}

async function engine(path: string, more: object = {}): Promise<void> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(request.url?.endsWith('/_ping') ? 'OK' : JSON.stringify({ ...INFO, ...more }))
  })
  servers.push(server)
  await new Promise<void>((done) => server.listen(path, done))
}

describe('bubblewrap', () => {
  test('only a program of root that nobody else can change is taken', async () => {
    const planted = join(folder, 'bwrap')
    await copyFile('/bin/true', planted)
    await chmod(planted, 0o757)
    const found = await findBubblewrap([planted])
    expect(found).toMatchObject({ ok: false, error: expect.stringContaining('changed by others') })
    expect(await findBubblewrap([join(folder, 'absent')])).toMatchObject({ ok: false })
    expect(await findBubblewrap(['/bin/sh'])).toMatchObject({ ok: true })
    expect(await findBubblewrap([planted, '/bin/sh'])).toMatchObject({ ok: true })
  })

  test.each([
    ['bubblewrap 0.3.3', true],
    ['bubblewrap 0.4.1', true],
    ['bubblewrap 0.5.0', false],
    ['bubblewrap 0.11.0', false],
    ['bubblewrap 1.0', false],
    ['', false],
  ])('%j is too old: %s', (version, wanted) => {
    expect(isTooOld(version)).toBe(wanted)
  })
})

describe('container engines', () => {
  test('are found where their own clients look, and say their version', async () => {
    const socket = join(folder, 'docker.sock')
    await engine(socket)
    const found = await findEngines({ DOCKER_HOST: `unix://${socket}` })
    expect(found[0]).toEqual({
      socket,
      state: 'answers',
      facts: {
        ...{ name: 'Docker', version: '27.1.0', cgroupVersion: '2', cgroupDriver: 'systemd' },
        ...{ storageDriver: 'overlay2', isRootless: true, hasSeccomp: true, hasGroups: true },
        holds: { cpu: false, memory: false, processes: true },
      },
    })
  })

  test('Podman is known by its builder, and says in its own way that it is an ordinary user’s', async () => {
    const socket = join(folder, 'podman.sock')
    await engine(socket, { BuildahVersion: '1.28.2', SecurityOptions: [], Rootless: true })
    const [found] = await findEngines({ DOCKER_HOST: `unix://${socket}` })
    expect(found).toMatchObject({ facts: { name: 'Podman', isRootless: true, hasGroups: true } })
  })

  test('an ordinary user’s Podman holds nothing with control groups 1, whatever it counts', async () => {
    const socket = join(folder, 'podman.sock')
    const counted = { CpuCfsQuota: true, MemoryLimit: true, PidsLimit: true, CgroupVersion: '1' }
    const holds = (is: boolean) => ({ cpu: is, memory: is, processes: is })
    await engine(socket, { ...counted, BuildahVersion: '1.28.2', Rootless: true })
    const [own] = await findEngines({ DOCKER_HOST: `unix://${socket}` })
    expect(own).toMatchObject({ facts: { hasGroups: false, holds: holds(false) } })
    const ofRoot = join(folder, 'root.sock')
    await engine(ofRoot, { ...counted, BuildahVersion: '1.28.2', SecurityOptions: [] })
    const [roots] = await findEngines({ DOCKER_HOST: `unix://${ofRoot}` })
    expect(roots).toMatchObject({ facts: { hasGroups: true, holds: holds(true) } })
  })

  test('the context that the person’s own client uses comes first; a variable before it', async () => {
    const socket = join(folder, 'context.sock')
    await engine(socket)
    const id = createHash('sha256').update('work').digest('hex')
    const meta = join(folder, '.docker/contexts/meta', id)
    await mkdir(meta, { recursive: true })
    await writeFile(join(folder, '.docker/config.json'), '{"currentContext":"work"}')
    const host = { Endpoints: { docker: { Host: `unix://${socket}` } } }
    await writeFile(join(meta, 'meta.json'), JSON.stringify(host))
    expect((await findEngines({ HOME: folder }))[0]).toMatchObject({ socket, state: 'answers' })
    const other = 'tcp://192.0.2.1:2375'
    const found = await findEngines({ HOME: folder, DOCKER_HOST: other })
    expect(found[0]).toEqual({ socket: other, state: 'remote' })
  })

  test('an engine that is not listening is silent', async () => {
    const socket = join(folder, 'podman', 'podman.sock')
    await writeFile(join(folder, 'docker.sock'), '')
    const found = await findEngines({ XDG_RUNTIME_DIR: folder })
    expect(found.find((item) => item.socket === join(folder, 'docker.sock'))?.state).toBe('silent')
    expect(found.map((item) => item.socket)).not.toContain(socket)
  })
})

test('the doctor names every level, and says plainly what is missing', async () => {
  const socket = join(folder, 'docker.sock')
  await engine(socket)
  const env = { DOCKER_HOST: `unix://${socket}` }
  const backends = createBackends({
    starter: plainStarter,
    nodePath: process.execPath,
    nodeEnv: {},
    networkProgram: '/nowhere',
    socketsProgram: '/nowhere',
    mountsProgram: '/nowhere',
    listenerScript: '/nowhere',
    connectorScript: '/nowhere',
    observedProgram: '/nowhere',
    enterProgram: '/nowhere',
    probeProgram: '/nowhere',
    ...{
      vmFolder: '/nowhere',
      runnerProgram: '/nowhere',
      terminalScript: '/nowhere',
      guestPrograms: guestProgramsIn('/nowhere'),
      madeParts: { find: () => Promise.resolve({ why: 'not made' }) },
    },
    ...{ initProgram: '/nowhere', relayProgram: '/nowhere', bridgeScript: '/nowhere' },
    keepsNetwork: false,
    log: silent,
    placeholders: testPlaceholders(),
    limits: testLimits(),
    ...{ env, engines: testEngines(env), imageRoots: noImageRoots },
  })
  const diagnoses = await runDoctor({
    ...{ backends, native: '/nowhere', whyNotExact: async () => 'the test says so' },
  })
  expect(diagnoses.map(({ id, level }) => [id, level])).toEqual([
    ['bubblewrap', 'os'],
    ['containers', 'container'],
    ['vm', 'vm'],
    ['runtime', null],
    ['terminals', null],
    ['limits', null],
    ['processes', null],
    ['file-changes', null],
  ])
  const [, containers, vm, runtime, terminals] = diagnoses
  expect(runtime?.facts.map(({ name }) => name)).toEqual(['Kernel', 'Node', 'Electron', 'git'])
  expect(terminals).toMatchObject({ status: 'usable', facts: [{ name: 'node-pty' }] })
  expect(containers).toMatchObject({
    // The engine would do; the programs of ours that it takes are not there.
    status: 'missing',
    facts: expect.arrayContaining([
      {
        name: socket,
        value: 'Docker 27.1.0, rootless; control groups 2 by systemd; storage overlay2',
      },
    ]),
  })
  expect(vm?.status).toBe(process.platform === 'linux' ? 'missing' : 'unsupported')
  expect(vm?.summary).toMatch(/^No machine can be started: /)
  expect(vm?.facts.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Systems from images', 'Snapshots']),
  )
})

test('a library for terminals that does not load is said in its own words', async () => {
  const facts = await readTerminalFacts(() => Promise.reject(new Error('wrong ELF class\nstack')))
  expect(diagnoseTerminals(facts)).toMatchObject({
    status: 'missing',
    facts: [
      { name: 'node-pty', value: expect.stringMatching(/^\d+\.\d+/) as unknown },
      { name: 'Its words', value: 'wrong ELF class' },
    ],
    remedies: [{ command: 'npm rebuild node-pty' }],
  })
})

test('limits say by what each is held, and how groups are had where they are not', () => {
  const home = { version: 2, folder: '/sys/fs/cgroup/user.slice/ours' } as const
  const all = new Map([['cpu', home] as const, ['memory', home] as const, ['pids', home] as const])
  expect(diagnoseLimits(all, 'linux')).toMatchObject({ status: 'usable', remedies: [] })
  const some = diagnoseLimits(new Map([['pids', home] as const]), 'linux')
  expect(some.status).toBe('missing')
  expect(some.summary).toContain('cpu, memory')
  expect(some.facts.find(({ name }) => name === 'pids')?.value).toContain('version 2')
  expect(some.remedies[0]?.command).toContain('Delegate=yes')
  expect(diagnoseLimits(all, 'darwin').status).toBe('unsupported')
})
