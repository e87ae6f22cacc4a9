import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { release } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { ProcessNode } from '../../src/shared/domain/process.ts'
import type { SessionSpec } from '../../src/shared/domain/session.ts'
import { ok } from '../../src/shared/result.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap', 'machines', 'python3')

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

async function start(script: string, more: Partial<SessionSpec> = {}) {
  await writeFile(join(host.workspace, 'script'), script)
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, 'bash script'),
    ...more,
  })
  if (!created.ok) throw failure(created.error)
  const { id } = created.value
  const { state, events } = follow(connection, id)
  const find = (line: string): ProcessNode | undefined =>
    [...state().processes.values()].find(({ argv }) => argv.join(' ') === line)
  const seen = async (line: string): Promise<ProcessNode> => {
    await expect.poll(() => find(line)).toBeDefined()
    return find(line)!
  }
  const shown = (words: string | RegExp): Promise<void> =>
    expect.poll(() => outputOf(connection, id)).toMatch(words)
  return { id, state, events, find, seen, shown }
}

/** Starts as many as it can up to 100, and says how many. */
const MANY = `
import os, signal
children = []
try:
    while len(children) < 100:
        pid = os.fork()
        if pid == 0: signal.pause()
        children.append(pid)
except OSError as refused: print(refused)
print('alive', len(children), flush=True)
for pid in children: os.kill(pid, signal.SIGKILL)
for pid in children: os.waitpid(pid, 0)`

/** Pids of QEMU for machines of this test's host: their lines lie in folders that it made. */
async function machines(): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (/^[^\0]*qemu-system/.test(line) && line.includes(`path=${host.home},`))
      found.push(Number(name))
  }
  return found
}

test('a session has a kernel of its own, and is what every session is', async () => {
  await writeFile(join(host.workspace, 'many.py'), MANY)
  const run = await start(
    `uname -r; cat /proc/sys/kernel/random/boot_id; echo inside >made
     python3 many.py; echo "processors $(nproc)"; head -n 1 /proc/meminfo
     sleep 401 & sleep 402 & python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 &
     wait -n; echo "ended by $?"; exec cat`,
    { limits: { cpuPercent: 100, memoryBytes: 512 * 2 ** 20, processes: 64, diskBytes: null } },
  )
  await run.shown(/[0-9a-f-]{36}/)
  const [version, boot] = (await outputOf(connection, run.id)).split('\r\n')
  expect(version).not.toBe(release())
  expect(boot).not.toBe((await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim())
  await expect
    .poll(() => stat(join(host.workspace, 'made')).catch(() => null))
    .toMatchObject({ uid: process.getuid?.() })

  // Both walls are proven, and told apart.
  const { axes, limits, policy } = run.state().session!
  expect(axes.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))
  for (const { evidence } of axes) {
    const around = evidence.filter(({ attempt }) => attempt.startsWith('Around the machine: '))
    expect(around.length).toBeGreaterThan(3)
    expect(evidence.length - around.length).toBeGreaterThan(3)
  }
  expect(limits).toContainEqual(
    expect.objectContaining({ limit: 'memory', value: 512 * 2 ** 20, means: ['machine'] }),
  )
  await run.shown(/MemTotal: +\d+ kB/)
  const output = await outputOf(connection, run.id)
  const many = Number(/alive (\d+)/.exec(output)?.[1])
  expect(many).toBeGreaterThan(20)
  expect(many).toBeLessThan(64)
  expect(output).toContain('processors 1\r\n')
  expect(Number(/MemTotal: +(\d+) kB/.exec(output)?.[1])).toBeLessThan(512 * 1024)
  expect(policy?.command[0]).toBe('bwrap')
  expect(policy?.sentences.map(({ text }) => text).join('\n')).toMatch(/kernel of its own/)

  // The tree is exact, and one process is ended without the others.
  const [one, other] = [await run.seen('sleep 401'), await run.seen('sleep 402')]
  expect(run.state().watching).toEqual({ source: 'connector', reason: null })
  const scope = { kind: 'process', session: run.id, key: one.key } as const
  expect(await connection.api.process.control({ scope, action: 'kill' })).toEqual(
    ok({ affected: 1, remained: 0 }),
  )
  await run.shown('ended by 137')
  await expect
    .poll(() => run.find('sleep 401')?.exit)
    .toEqual({ kind: 'signalled', signal: 'SIGKILL' })
  expect(run.find('sleep 402')?.endedAtMs).toBeNull()
  const details = await connection.api.process.details({ session: run.id, key: other.key })
  expect(details).toMatchObject({ type: 'found', inspection: { argv: ['sleep', '402'] } })

  // A server of its own is reached by the port that leads to it.
  await expect
    .poll(() => connection.api.port.list({ id: run.id }))
    .toEqual(ok([{ port: 8123, localPort: null }]))
  const opened = await connection.api.port.open({ id: run.id, port: 8123 })
  if (!opened.ok) throw failure(opened.error)
  expect(await get(opened.value.localPort, '/made')).toMatch(/200 OK[\s\S]*inside\n$/)

  // Frozen, it answers nobody; after that it goes on.
  const whole = { kind: 'session', session: run.id } as const
  expect(await connection.api.process.control({ scope: whole, action: 'freeze' })).toMatchObject({
    ok: true,
    value: { remained: 0 },
  })
  const held = await connection.api.session.probe({ id: run.id })
  expect(held.ok && held.value.map(({ proven }) => proven)).toEqual(Array(4).fill('unknown'))
  expect(await connection.api.process.control({ scope: whole, action: 'thaw' })).toMatchObject({
    ok: true,
  })
  const again = await connection.api.session.probe({ id: run.id })
  expect(again.ok && again.value.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))

  expect(await machines()).toHaveLength(1)
  await connection.api.session.stop({ id: run.id })
  await expect.poll(() => run.state().session?.status).toBe('ended')
  expect(await machines()).toEqual([])
})

/** What a server inside says. */
function get(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`))
    socket.on('data', (bytes) => {
      said += String(bytes)
    })
    socket.on('error', reject).on('close', () => resolve(said))
  })
}

test('a machine that is killed ends its session, with words, and leaves nothing but a review', async () => {
  const run = await start('echo made >made; sync; pwd; echo up; sleep 600', { review: true })
  await run.shown('up')
  expect(await outputOf(connection, run.id)).toContain(host.workspace)
  const [pid] = await machines()
  process.kill(pid!, 'SIGKILL')
  await expect.poll(() => run.state().session?.status, { timeout: 5000 }).toBe('ended')
  expect(run.state().session?.exit).toEqual({ kind: 'exited', code: 125 })
  expect(await outputOf(connection, run.id)).toContain('The virtual machine ended by itself.')
  expect(await machines()).toEqual([])
  // What it wrote is in its copy, and the folder has none of it.
  expect(await readdir(host.workspace)).toEqual(['script'])
  expect(await connection.api.review.look({ id: run.id })).toMatchObject({
    value: { changes: [{ change: 'added', path: 'made' }] },
  })
})

test('a machine that hangs is not called proven, until it answers again', async () => {
  const run = await start('echo up; sleep 600')
  await run.shown('up')
  const proven = () => run.state().session?.axes.map((axis) => axis.proven)
  const [pid] = await machines()
  process.kill(pid!, 'SIGSTOP')
  // Looked for every two seconds, and given two and a half to answer; the rest is what a busy machine takes.
  await expect.poll(proven, { timeout: 6000 }).toEqual(Array(4).fill('unknown'))
  expect(run.state().session?.axes.flatMap(({ evidence }) => evidence)).toContainEqual(
    expect.objectContaining({ outcome: 'it does not answer' }),
  )
  process.kill(pid!, 'SIGCONT')
  await expect.poll(proven).toEqual(Array(4).fill('enforced'))
  await connection.api.session.stop({ id: run.id })
})

test('whatever its kernel is made to do, the machine has no more than the sandbox around it', async () => {
  await writeFile(join(host.home, 'secret'), 'nobody inside may read this')
  await writeFile(join(host.workspace, 'eater.py'), EATER)
  const run = await start('echo up; exec python3 eater.py')
  await run.shown('up')
  const [pid] = await machines()
  // QEMU itself, as this machine's kernel has it.
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  expect(status).toMatch(/^CapBnd:\s+0+$/m)
  expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
  expect(status).toMatch(/^Seccomp:\s+2$/m)
  expect(await readFile(`/proc/${pid}/net/dev`, 'utf8')).not.toMatch(/^\s*(eth|tap|veth|en)/m)
  const seen = await readdir(`/proc/${pid}/root${host.home}`)
  expect(seen).toEqual(['project'])
  // Its devices: no disk, no network, nothing but what is asked for.
  const line = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
  const devices = line.filter((_, i) => line[i - 1] === '-device').map((word) => word.split(',')[0])
  expect(new Set(devices)).toEqual(
    new Set([
      ...['virtio-9p-pci', 'virtio-balloon-pci', 'virtio-rng-pci', 'virtio-serial-pci'],
      'virtserialport',
    ]),
  )
  expect(line).not.toContain('-netdev')

  // What its programs have freed goes back to this machine.
  await run.shown('eaten')
  const held = await residentBytes(pid!)
  await writeFile(join(host.workspace, 'go'), '')
  await expect
    .poll(async () => held - (await residentBytes(pid!)), { interval: 200 })
    .toBeGreaterThan(200 * 2 ** 20)
  await connection.api.session.stop({ id: run.id })
})

const residentBytes = async (pid: number): Promise<number> =>
  1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])

/** Takes memory until there is a file, and then lives on without. */
const EATER = `
import os, time
data = bytearray(300 << 20)
data[::4096] = b'x' * len(data[::4096])
print('eaten', flush=True)
while not os.path.exists('go'): time.sleep(0.1)
del data
time.sleep(600)`
