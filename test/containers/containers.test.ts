import { chmod, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import { letsInside } from '../../src/main/backends/containers/engine-ways.ts'
import { sweepContainers } from '../../src/main/backends/containers/owner.ts'
import { listImages } from '../../src/main/backends/containers/images.ts'
import { failure } from '../helpers/failure.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  containerBackend,
  makePlace,
  type Place,
  planFor,
  runInside,
  testEngines,
  whileInside,
} from '../helpers/sandbox.ts'
import type { SessionId } from '../../src/shared/domain/ids.ts'
import { docker, makeImage } from './engine-image.ts'

const test = requireCapability('a container engine')
const SESSION = 'ses_00000000000000c0' as SessionId
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => place.dispose())

// Hosts that earlier tests killed have left some.
beforeAll(() => sweepContainers(process.env, silent, new AbortController().signal))

const ours = (): string[] =>
  docker('ps', '--all', '--quiet', '--filter', 'label=dev.cloche.owner').split('\n').filter(Boolean)

const NO_RIGHTS = { effective: 0n, bounding: 0n, ambient: 0n, noNewPrivileges: '1', seccomp: '2' }
/** NET_BIND_SERVICE and NET_ADMIN. */
const NETWORK_RIGHTS = (1n << 10n) | (1n << 12n)
const OVER_NETWORK = { effective: NETWORK_RIGHTS, bounding: NETWORK_RIGHTS }

/** Of a process, by the kernel's account. */
async function rightsOf(pid: number) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(status)?.[1] ?? ''
  const set = (name: string): bigint => BigInt(`0x${field(name)}`)
  return {
    ...{ effective: set('CapEff'), bounding: set('CapBnd'), ambient: set('CapAmb') },
    ...{ noNewPrivileges: field('NoNewPrivs'), seccomp: field('Seccomp') },
  }
}

describe('a container', () => {
  test('is what its level says, by the engine’s own account and the kernel’s', async () => {
    await whileInside(place, ['/bin/sleep', '60'], async () => {
      const [id = ''] = docker('ps', '--quiet', '--filter', 'label=dev.cloche.kind=session').split(
        '\n',
      )
      const [found] = JSON.parse(docker('inspect', id))
      expect(found.HostConfig.NetworkMode).toMatch(/^container:/)
      const [beside] = JSON.parse(
        docker('inspect', found.HostConfig.NetworkMode.slice('container:'.length)),
      )
      for (const { HostConfig: host } of [found, beside]) {
        expect(host).toMatchObject({ Privileged: false, ReadonlyRootfs: true })
        expect(host.SecurityOpt).toContain('no-new-privileges')
        expect(host.PortBindings ?? {}).toEqual({})
        expect(host.Devices ?? []).toEqual([])
        expect(host.VolumesFrom ?? []).toEqual([])
      }
      expect(beside.HostConfig.NetworkMode).toBe('none')
      expect(found.HostConfig.RestartPolicy.Name).toBe('no')
      // The engines have different words for these; the kernel has one.
      const engine = await testEngines().engine()
      const lets = engine ? letsInside(engine.facts) : []
      const hasOwn = async (space: string): Promise<boolean> =>
        (await readlink(`/proc/${found.State.Pid}/ns/${space}`)) !==
        (await readlink(`/proc/self/ns/${space}`))
      for (const space of ['ipc', 'mnt', 'net', 'pid', 'uts'])
        expect(await hasOwn(space)).toBe(true)
      expect(await hasOwn('cgroup')).toBe(lets.length === 0)
      expect(await rightsOf(found.State.Pid)).toEqual(NO_RIGHTS)
      expect(await rightsOf(beside.State.Pid)).toEqual({ ...NO_RIGHTS, ...OVER_NETWORK })
      expect(found.Config.User).toBe(`${userInfo().uid}:${userInfo().gid}`)
      const sources = found.Mounts.map(({ Source }: { Source: string }) => Source)
      expect(sources).not.toContain('/')
      const ofEngines =
        /(docker|podman|containerd)[\w-]*\.sock$|^\/(var\/)?(run|lib)\/(docker|podman|container)/
      expect(sources.filter((path: string) => ofEngines.test(path))).toEqual([])
      for (const { Propagation } of found.Mounts) expect(Propagation).toBe('rprivate')
      expect(found.NetworkSettings.Ports ?? {}).toEqual({})
    })
    expect(ours()).toEqual([])
  })

  test('runs a program in the workspace, whose files stay the person’s', async () => {
    // A crash inside is to start nothing outside: one byte, in blocks.
    const script = 'id -u; pwd; ulimit -H -c; echo made >made; exit 7'
    const { code, output } = await runInside(place, ['/bin/sh', '-c', script])
    expect(code).toBe(7)
    expect(output).toBe(`${userInfo().uid}\r\n${place.workspace}\r\n0\r\n`)
    expect((await stat(join(place.workspace, 'made'))).uid).toBe(userInfo().uid)
  })

  test('keeps what a person let in from the engine and its disk', async () => {
    const env = { GIVEN: 'sk-only-for-the-program' }
    const built = await containerBackend().build(
      planFor(place, ['/bin/true'], { env, granted: ['GIVEN'] }),
      SESSION,
    )
    if (!built.ok) throw failure(built.error)
    expect(docker('inspect', ...ours())).not.toContain('sk-only')
    expect(JSON.stringify(built.value.policy)).not.toContain('sk-only')
    await built.value.abandon()
    const told = await runInside(place, ['/bin/sh', '-c', 'echo "it is $GIVEN"'], {
      ...{ env, granted: ['GIVEN'] },
    })
    expect(told.output).toBe('it is sk-only-for-the-program\r\n')
  })

  test('is undone when it is never started', async () => {
    const built = await containerBackend().build(planFor(place, ['/bin/true']), SESSION)
    if (!built.ok) throw failure(built.error)
    expect(ours()).toHaveLength(2)
    await built.value.abandon()
    expect(ours()).toEqual([])
  })
})

describe('an image', () => {
  const IMAGE = 'cloche-test-image'
  const BARE = 'cloche-test-bare'
  beforeAll(() => {
    makeImage(IMAGE, ['cat', 'cut', 'ls', 'sh', 'tr'])
    makeImage(BARE, ['sh'])
  })
  afterAll(() => void docker('rmi', IMAGE, BARE))

  test('gives its own programs, and nothing of this machine’s', async () => {
    const script = 'echo $OF_THE_IMAGE; ls /; test -e /usr/bin || echo no-usr; cat /etc/passwd'
    const { code, output } = await runInside(place, ['sh', '-c', script], { image: IMAGE })
    expect(output).toContain('no-usr')
    expect(output).toContain(`${userInfo().username}:x:${userInfo().uid}`)
    expect(code).toBe(0)
  })

  test('is one of those a session can be started from; ours are not', async () => {
    const names = (await listImages((await testEngines().client())!)).map(({ name }) => name)
    expect(names).toContain(`${IMAGE}:latest`)
    expect(names.filter((name) => name.startsWith('cloche-machine'))).toEqual([])
  })

  test.each([
    ['that lacks the program', IMAGE, ['claude'], 'it has no program claude in /own-programs'],
    ['that lacks what the probe needs', BARE, ['sh'], 'it has no cat, which the probe runs'],
    ['that is not there', 'no/such:image', ['sh'], 'the engine does not have it'],
  ])('%s is said before anything starts', async (_, image, argv, words) => {
    const built = await containerBackend().build(planFor(place, argv, { image }), SESSION)
    expect(built).toMatchObject({ ok: false, error: { part: `the image ${image}` } })
    expect(JSON.stringify(built)).toContain(words)
    expect(ours()).toEqual([])
  })
})

describe('what a host left behind', () => {
  test('is removed by the next one; what is not ours or still held is not touched', async () => {
    const label = (owner: string): string[] => ['--label', `dev.cloche.owner=${owner}`]
    const [machine = ''] = docker(
      'images',
      '--quiet',
      '--filter',
      'label=dev.cloche.kind=machine',
    ).split('\n')
    const make = (...more: string[]): string => docker('create', ...more, machine, '/bin/true')
    const left = make(...label('1.1.another-boot'))
    const foreign = make()
    await sweepContainers(process.env, silent, AbortSignal.abort())
    expect(docker('ps', '--all', '--quiet', '--no-trunc')).toContain(left)
    await whileInside(place, ['/bin/sleep', '60'], async () => {
      await sweepContainers(process.env, silent, new AbortController().signal)
      expect(docker('ps', '--quiet', '--filter', 'label=dev.cloche.kind=session')).not.toBe('')
    })
    const all = docker('ps', '--all', '--quiet', '--no-trunc')
    expect(all).not.toContain(left)
    expect(all).toContain(foreign)
    docker('rm', foreign)
  })
})

describe('an engine', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloche-engine-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const diagnose = (socket: string) =>
    containerBackend({
      engines: testEngines({ DOCKER_HOST: `unix://${socket}`, HOME: folder }),
    }).diagnose()
  const factOf = async (socket: string) =>
    (await diagnose(socket)).facts.find(({ name }) => name === socket)?.value

  test('that answers says what it is', async () => {
    const found = await containerBackend().diagnose()
    expect(found.status).toBe('usable')
    expect(found.facts[0]?.value).toMatch(
      /^(Docker|Podman) \d+.*control groups [12] by \w+; storage/,
    )
  })

  test('that stopped, or speaks of something else, does not answer', async () => {
    const stopped = join(folder, 'stopped.sock')
    await writeFile(stopped, '')
    expect(await factOf(stopped)).toMatch(/^does not answer: /)
    const other = createServer((socket) => socket.end('220 mail.example.test\r\n'))
    const spoken = join(folder, 'other.sock')
    await new Promise<void>((done) => other.listen(spoken, done))
    expect(await factOf(spoken)).toMatch(/^does not answer: /)
    other.close()
  })

  test('on another machine is not used', async () => {
    const found = await containerBackend({
      engines: testEngines({ DOCKER_HOST: 'tcp://192.0.2.1:2375' }),
    }).diagnose()
    expect(found.facts).toContainEqual({
      name: 'tcp://192.0.2.1:2375',
      value: 'is on another machine',
    })
  })

  requireCapability('a container engine', 'an ordinary user')(
    'that refuses this user says so',
    async () => {
      const closed = join(folder, 'closed.sock')
      const server = createServer()
      await new Promise<void>((done) => server.listen(closed, done))
      await chmod(closed, 0)
      expect(await factOf(closed)).toBe('refuses this user')
      server.close()
    },
  )
})
