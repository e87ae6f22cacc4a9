import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { python, runOutside, shell } from '../helpers/outside.ts'
import { makeSharedPlace } from '../helpers/shared-place.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { type Place, runInside } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'python3')

/** Things of the machine that a sandbox must not reach, each watched from the machine's side. */
interface Machine extends Place {
  readonly victim: ChildProcess
  readonly tcpPort: number
  readonly dockerSocket: string
  readonly abstractName: string
  readonly touched: { tcp: number; docker: number; abstract: number }
}

const SECRET = 'a-key-nobody-inside-may-read'
const MARKER = 'CLOCHE_TEST_MARKER=visible-in-the-victims-environment'

let machine: Machine
const servers: Server[] = []

async function listen(target: number | string, count: () => void): Promise<Server> {
  const server = createServer((socket) => {
    count()
    socket.end('hello')
  })
  servers.push(server)
  await new Promise<void>((done) =>
    typeof target === 'number'
      ? server.listen(target, '127.0.0.1', done)
      : server.listen(target, done),
  )
  return server
}

beforeAll(async () => {
  const place = await makeSharedPlace()
  const touched = { tcp: 0, docker: 0, abstract: 0 }
  await mkdir(join(place.home, '.ssh'), { mode: 0o700 })
  await writeFile(join(place.home, '.ssh', 'id_ed25519'), SECRET, { mode: 0o600 })
  await mkdir(join(place.home, 'other-project'))
  await writeFile(join(place.home, 'other-project', 'notes'), SECRET)
  await writeFile(join(place.home, '.bashrc'), '# mine\n')
  await mkdir(join(place.workspace, '.git', 'hooks'), { recursive: true })
  await writeFile(join(place.workspace, '.git', 'config'), '[core]\n')
  await mkdir(join(place.root, 'run'))
  const dockerSocket = join(place.root, 'run', 'docker.sock')
  const abstractName = `cloche-test-${process.pid}`
  const tcp = await listen(0, () => touched.tcp++)
  await listen(dockerSocket, () => touched.docker++)
  await listen(`\0${abstractName}`, () => touched.abstract++)
  const address = tcp.address()
  machine = {
    ...place,
    touched,
    dockerSocket,
    abstractName,
    tcpPort: typeof address === 'object' && address ? address.port : 0,
    victim: spawn('sleep', ['600'], { env: { [MARKER.split('=')[0]!]: MARKER.split('=')[1]! } }),
  }
})
afterAll(async () => {
  machine.victim.kill('SIGKILL')
  for (const server of servers) server.close()
  await machine.dispose()
})

interface Attempt {
  readonly name: string
  /** Exits 0 and prints when it succeeds. */
  readonly command: (machine: Machine) => string[]
  /** The machine's side of the verdict: did it happen? */
  readonly happened: (machine: Machine, output: string) => Promise<boolean> | boolean
  /** Puts the machine back as it was. */
  readonly undo?: (machine: Machine) => Promise<void>
}

const connectUnix = (address: string) =>
  python(`import socket; s=socket.socket(socket.AF_UNIX); s.connect(${address}); print(s.recv(5))`)

/** A counter that rose since the last look. */
function rose(read: (machine: Machine) => number): Attempt['happened'] {
  let last = 0
  return async (where) => {
    await new Promise((done) => setTimeout(done, 100))
    const now = read(where)
    const isMore = now > last
    last = now
    return isMore
  }
}

const fileIs =
  (path: (machine: Machine) => string, content: string): Attempt['happened'] =>
  async (where) =>
    (await readFile(path(where), 'utf8').catch(() => '')) === content

const ATTEMPTS: readonly Attempt[] = [
  {
    name: 'read an SSH key',
    command: ({ home }) => ['/bin/cat', join(home, '.ssh', 'id_ed25519')],
    happened: (_, output) => output.includes(SECRET),
  },
  {
    name: 'read another project',
    command: ({ home }) => ['/bin/cat', join(home, 'other-project', 'notes')],
    happened: (_, output) => output.includes(SECRET),
  },
  {
    name: 'read a key by way of /proc/self/root and ..',
    command: ({ workspace }) => ['/bin/cat', `/proc/self/root${workspace}/../.ssh/id_ed25519`],
    happened: (_, output) => output.includes(SECRET),
  },
  {
    name: 'list the home folder',
    command: ({ home }) => ['/bin/ls', '-A', home],
    happened: (_, output) => output.includes('.bashrc'),
  },
  {
    name: "read another process's environment",
    command: ({ victim }) => shell(`tr '\\0' '\\n' </proc/${victim.pid}/environ`),
    happened: (_, output) => output.includes(MARKER),
  },
  {
    name: 'see a process of the machine',
    command: ({ victim }) => shell(`kill -0 ${victim.pid} && echo seen`),
    happened: (_, output) => output.includes('seen'),
  },
  {
    name: 'write outside the workspace',
    command: ({ home }) => shell(`echo planted >'${home}/other-project/planted'`),
    happened: fileIs(({ home }) => join(home, 'other-project', 'planted'), 'planted\n'),
    undo: ({ home }) => writeFile(join(home, 'other-project', 'planted'), ''),
  },
  {
    name: 'change a shell start file',
    command: ({ home }) => shell(`echo planted >'${home}/.bashrc'`),
    happened: fileIs(({ home }) => join(home, '.bashrc'), 'planted\n'),
    undo: ({ home }) => writeFile(join(home, '.bashrc'), '# mine\n'),
  },
  {
    name: 'plant a git hook',
    command: ({ workspace }) => shell(`echo planted >'${workspace}/.git/hooks/pre-commit'`),
    happened: fileIs(({ workspace }) => join(workspace, '.git/hooks/pre-commit'), 'planted\n'),
    undo: ({ workspace }) => writeFile(join(workspace, '.git/hooks/pre-commit'), ''),
  },
  {
    name: 'change the git configuration',
    command: ({ workspace }) => shell(`echo planted >'${workspace}/.git/config'`),
    happened: fileIs(({ workspace }) => join(workspace, '.git/config'), 'planted\n'),
    undo: ({ workspace }) => writeFile(join(workspace, '.git/config'), '[core]\n'),
  },
  {
    name: 'connect to a port of the machine',
    command: ({ tcpPort }) =>
      python(
        `import socket; print(socket.create_connection(('127.0.0.1', ${tcpPort}), 3).recv(5))`,
      ),
    happened: rose(({ touched }) => touched.tcp),
  },
  {
    name: 'connect to a container engine',
    command: ({ dockerSocket }) => connectUnix(JSON.stringify(dockerSocket)),
    happened: rose(({ touched }) => touched.docker),
  },
  {
    name: 'connect to an abstract socket',
    // Node fills an abstract name up with zeros to the full length.
    command: ({ abstractName }) => connectUnix(`(chr(0)+'${abstractName}').ljust(108, chr(0))`),
    happened: rose(({ touched }) => touched.abstract),
  },
]

describe('out of reach', () => {
  for (const attempt of ATTEMPTS)
    test(attempt.name, async () => {
      const argv = attempt.command(machine)
      const openly = await runOutside(argv, { cwd: machine.workspace })
      expect(await attempt.happened(machine, openly), 'unconfined, it must succeed').toBe(true)
      await attempt.undo?.(machine)
      const inside = await runInside(machine, argv)
      expect(await attempt.happened(machine, inside.output), inside.output).toBe(false)
    })

  test('killing: everything inside may be signalled, nothing outside is', async () => {
    const bystander = spawn('sleep', ['600'])
    const killed = new Promise((done) => bystander.once('exit', (_, signal) => done(signal)))
    process.kill(bystander.pid!, 'SIGTERM')
    expect(await killed).toBe('SIGTERM')
    // In a sandbox of its own, of which nothing is left.
    const argv = shell(`kill -KILL ${machine.victim.pid}; kill -KILL -1; true`)
    await runInside(machine, argv, {})
    expect(machine.victim.exitCode).toBeNull()
    expect(machine.victim.signalCode).toBeNull()
  })

  test('what a session needs works: workspace, tools, its own loopback, job control', async () => {
    const { code, output } = await runInside(
      machine,
      shell(`
        set -e
        echo made >made && test "$(cat made)" = made
        git init -q nested && git -C nested status --short
        node -e 'require("http").createServer((q,s)=>s.end("own")).listen(8099,()=>fetch("http://127.0.0.1:8099").then(r=>r.text()).then(t=>{console.log(t);process.exit()}))'
        python3 -c 'import subprocess; print(subprocess.check_output(["id","-u"]).decode().strip())'
        bash -ic 'sleep 0.1 & wait; jobs; echo jobs-$?'
        test -w /tmp && test -w "$HOME" && test -z "$(ls -A /run 2>/dev/null)"
        echo all-good
      `),
    )
    expect(output).toContain('all-good')
    expect(output).toContain('own')
    expect(output).toContain('jobs-0')
    expect(output).not.toContain('no job control')
    expect(code).toBe(0)
    expect(await readFile(join(machine.workspace, 'made'), 'utf8')).toBe('made\n')
  })
})
