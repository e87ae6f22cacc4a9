import { createServer } from 'node:net'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { createImageDisks } from '../../src/main/backends/vm/image-disks.ts'
import { createImageRoots } from '../../src/main/backends/vm/image-roots.ts'
import { PROFILE_AROUND } from '../../src/main/backends/vm/ground.ts'
import { newId } from '../../src/main/core/ids.ts'
import { createImageJobs } from '../../src/main/core/image-jobs.ts'
import type { SandboxBackend } from '../../src/main/core/ports.ts'
import { AXES, type AxisReport } from '../../src/shared/domain/isolation.ts'
import { err, ok } from '../../src/shared/result.ts'
import { docker, makeImage } from '../containers/engine-image.ts'
import { failure } from '../helpers/failure.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  machineBackend,
  makePlace,
  type Place,
  planFor,
  startSandbox,
  testEngines,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'machines', 'sqfstar', 'a container engine')
const IMAGE = 'cloche-test-profile-root'

let place: Place
beforeAll(async () => {
  place = await makePlace()
  makeImage(IMAGE, ['bash', 'cat', 'cut', 'id', 'ls', 'sh', 'tr'])
})
afterAll(async () => {
  docker('rmi', '--force', IMAGE)
  await place.dispose()
})

/**
 * Stands where Seatbelt stands on a Mac and holds nothing at all: a program starts as it is, with a gateway
 * on a port of the loopback. What a machine needs of such a sandbox is tried by it, not whether one holds.
 */
function nothingAround(): { readonly backend: SandboxBackend; readonly outside: () => number } {
  let port = 0
  const backend: SandboxBackend = {
    level: 'os',
    diagnose: () => Promise.reject(new Error('nobody asks')),
    describe: () => Promise.resolve(ok({ sentences: [], command: [] })),
    build: async (plan) => {
      const proxy = createServer()
      await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
      const address = proxy.address()
      port = typeof address === 'object' ? (address?.port ?? 0) : 0
      const [file = '', ...args] = plan.argv
      return ok({
        policy: { sentences: [], command: [] },
        launch: {
          ...{ file, args, cwd: plan.workspace },
          env: { HTTP_PROXY: `http://127.0.0.1:${port}` },
        },
        join: (pid) =>
          Promise.resolve(
            ok({
              ...{ rootPid: pid, kernel: null, limits: [], keepMounts: null, hold: null },
              axes: AXES.map(
                (axis): AxisReport => ({
                  ...{ axis, requested: 'enforced', proven: 'enforced', breadth: 'narrow' },
                  ...{ detail: '', evidence: [], provenAtMs: 0 },
                }),
              ),
              watchLimits: () => undefined,
              changeLimits: () => Promise.resolve(err([])),
              probe: () => Promise.resolve([]),
              hasDrifted: () => Promise.resolve(false),
              listening: () => Promise.resolve([]),
              forward: () => Promise.resolve(err('nothing is forwarded')),
              enter: () => Promise.resolve(err('nothing is entered')),
              network: { proxy, direct: null, sockets: null },
              release: () => Promise.resolve(),
              terminate: () => Promise.resolve(),
              destroy: async () => {
                proxy.close()
                try {
                  process.kill(pid, 'SIGTERM')
                } catch {
                  // It ended by itself.
                }
              },
            }),
          ),
        abandon: async () => void proxy.close(),
      })
    },
  }
  return { backend, outside: () => port }
}

async function machines() {
  const engines = testEngines()
  const client = await engines.client()
  if (!client) throw new Error('no engine')
  const disks = createImageDisks({ folder: join(place.root, 'images') })
  const { signal } = new AbortController()
  const jobs = createImageJobs(
    (request, tell) => disks.make(client, 'name' in request ? request.name : '', tell, signal),
    { wallMs: () => Date.now() },
    newId,
  )
  const around = nothingAround()
  const backend = machineBackend({
    ...{ ground: PROFILE_AROUND, around: around.backend },
    imageRoots: createImageRoots({ engines, disks, jobs, processor: 'x64' }),
  })
  return { backend, outside: around.outside }
}

test('around a machine may be a sandbox without mounts and without a network of its own', async () => {
  const state = join(place.root, 'data/home/.state')
  await mkdir(state, { recursive: true })
  const certificate = join(place.root, 'certificate.pem')
  await writeFile(certificate, 'what is trusted\n')
  await writeFile(join(place.home, 'of-the-person'), 'seen by nobody')
  await writeFile(
    join(place.workspace, 'script'),
    `
ls -A1 "$HOME"; cat /given/certificate.pem; : >made; : >"$HOME/.state/kept"
(: >/given/certificate.pem) 2>/dev/null && echo "changed the certificate"
(exec 3<>/dev/tcp/127.0.0.1/3128; echo asked >&3; cat <&3)
(exec 3<>/dev/tcp/192.0.2.7/80) 2>/dev/null && echo "went past the gateway"
ls -A /run; echo over`,
  )
  const { backend, outside } = await machines()
  const { sandbox, terminal, listener } = await startSandbox(
    place,
    ['bash', 'script'],
    {
      image: IMAGE,
      mounts: [
        { source: state, target: join(place.home, '.state'), access: 'write' },
        { source: certificate, target: '/given/certificate.pem', access: 'read' },
      ],
    },
    backend,
  )
  if (!sandbox.ok) throw failure(sandbox.error, terminal.output())
  const { network, kernel, limits } = sandbox.value
  const meansOf = limits.map(({ limit, means }) => [limit, ...means])
  expect(meansOf).toEqual([['cpu'], ['memory', 'machine'], ['processes'], ['disk']])
  const came: { own: number; inode: string | null }[] = []
  listener?.on('connection', (socket) => {
    const asked = {
      ...{ own: Buffer.from([127, 0, 0, 1]), ownPort: socket.remotePort ?? 0 },
      ...{ other: Buffer.from([127, 0, 0, 1]), otherPort: outside() },
    }
    void network?.sockets?.inodes([asked]).then(([inode = null]) => {
      came.push({ own: asked.ownPort, inode })
      socket.end('answered\n')
    })
  })
  await sandbox.value.release()
  const { exitCode } = await terminal.exited
  const said = terminal.output().trim().split('\r\n')
  expect(said).toEqual(['.state', 'project', 'what is trusted', 'answered', 'over'])
  expect(exitCode).toBe(0)
  // Which socket of the machine's it was, by its own kernel, though the gateway has another port out here.
  expect(came).toEqual([{ own: expect.any(Number), inode: expect.stringMatching(/^[1-9]\d*$/) }])
  expect(kernel).not.toBeNull()
  expect(await sandbox.value.forward(3128)).toMatchObject({ ok: false })
  await sandbox.value.destroy()
  expect(await readdir(place.workspace)).toContain('made')
  expect(await readdir(state)).toEqual(['kept'])
  expect(await readFile(certificate, 'utf8')).toBe('what is trusted\n')
})

test('there is no machine without an image there', async () => {
  const { backend } = await machines()
  const built = await backend.build(planFor(place, ['sh']), newId('ses'))
  expect(built).toMatchObject({
    ok: false,
    error: {
      detail: 'on this computer a machine has no system but that of an image',
      remedy: expect.stringMatching(/^Choose an image under System/),
    },
  })
})
