import { mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Sandbox } from '../../src/main/core/ports.ts'
import { failure } from '../helpers/failure.ts'
import { LEVEL, notInVm } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import {
  makePlace,
  type Place,
  runInside,
  startSandbox,
  type Terminal,
} from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'python3')

let places: Place[]
let sandboxes: Sandbox[]
beforeEach(() => {
  places = []
  sandboxes = []
})
afterEach(async () => {
  for (const sandbox of sandboxes) await sandbox.destroy()
  for (const place of places) await place.dispose()
})

interface Running {
  readonly place: Place
  readonly sandbox: Sandbox
  readonly terminal: Terminal
  /** Sockets of connections made inside to the gateway's address. */
  readonly accepted: Socket[]
}

async function start(script: string): Promise<Running> {
  const place = await makePlace()
  places.push(place)
  const { sandbox, terminal } = await startSandbox(place, ['/bin/bash', '-c', script])
  if (!sandbox.ok) throw failure(sandbox.error, terminal.output())
  sandboxes.push(sandbox.value)
  const accepted: Socket[] = []
  sandbox.value.network!.proxy.on('connection', (socket) => {
    accepted.push(socket)
    socket.end('gateway\n')
  })
  await sandbox.value.release()
  return { place, sandbox: sandbox.value, terminal, accepted }
}

const ask = (port: number) => `(exec 3<>/dev/tcp/127.0.0.1/${port} && cat <&3)`

/** Processes of this user that are in a network namespace, whoever started them. */
async function inNetwork(ofPid: number): Promise<number[]> {
  const wanted = await readlink(`/proc/${ofPid}/ns/net`)
  const found: number[] = []
  for (const name of await readdir('/proc'))
    if (/^\d+$/.test(name) && (await readlink(`/proc/${name}/ns/net`).catch(() => '')) === wanted)
      found.push(Number(name))
  return found
}

test('two sessions of one person know nothing of each other, and each has its own gateway', async () => {
  const answers = '(exec 3<>/dev/tcp/127.0.0.1/8099) 2>/dev/null'
  const serve = `python3 -m http.server 8099 --bind 127.0.0.1 >/dev/null 2>&1 & until ${answers}; do sleep 0.1; done`
  const page = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; head -n 1 <&3"
  const get = `(exec 3<>/dev/tcp/127.0.0.1/8099 && ${page}) 2>&1`
  const first = await start(`${ask(3128)}; echo mine >private; ${serve}; ${get}; sleep 600`)
  const second = await start(
    `read -r wait; ${get}; cat '${first.place.workspace}/private'; kill -9 -1; ls -d /proc/[0-9]* | wc -l; echo end`,
  )
  // The positive control: where it runs, it answers.
  await expect.poll(() => first.terminal.output()).toContain('200 OK')
  expect(first.terminal.output()).toContain('gateway')
  expect(first.accepted).toHaveLength(1)
  expect(second.accepted).toHaveLength(0)
  // Nothing of it listens on the machine itself, and the helper that listened is gone.
  const own = connect(3128, '127.0.0.1')
  const refusal = await new Promise((done) =>
    own.once('error', done).once('connect', () => done(null)),
  )
  own.destroy()
  expect(refusal).toMatchObject({ code: 'ECONNREFUSED' })
  const waiting = await inNetwork(second.sandbox.rootPid)
  expect(waiting).toContain(second.sandbox.rootPid)
  // The program that finds connections' owners is there as well; an engine's only root can see.
  const canSeeAll = LEVEL !== 'container' || process.getuid?.() === 0
  // QEMU runs beside the runner that starts it.
  expect(waiting).toHaveLength(LEVEL === 'vm' ? 4 : canSeeAll ? 3 : 2)

  const members = await inNetwork(first.sandbox.rootPid)
  second.terminal.pty.write('go\r')
  await second.terminal.exited
  const output = second.terminal.output()
  expect(output).not.toContain('200 OK')
  expect(output).toMatch(/refused/i)
  expect(output).not.toContain('mine')
  expect(output).toContain('end')
  expect(await inNetwork(first.sandbox.rootPid)).toEqual(members)
  expect(members.length).toBeGreaterThan(2)
})

test('stopping asks the program, not the sandbox', async () => {
  const running = await start(
    `trap 'echo asked >"$HOME/project/asked"; exit 3' TERM; echo ready; while :; do sleep 0.05; done`,
  )
  await expect.poll(() => running.terminal.output()).toContain('ready')
  await running.sandbox.terminate()
  expect((await running.terminal.exited).exitCode).toBe(3)
  expect(await readdir(running.place.workspace)).toContain('asked')
  // The first process is gone; asking again must hit nobody.
  await running.sandbox.terminate()
})

const looked = 'test/machines and test/enforcement/terminals.test.ts look at that'
notInVm(test, looked)(
  'the terminal inside is the session’s own, and no other is there',
  async () => {
    const place = await makePlace()
    places.push(place)
    const { output, code } = await runInside(place, [
      '/bin/sh',
      '-c',
      'echo to-tty >/dev/tty; stty size; echo pts: $(ls /dev/pts)',
    ])
    expect(output).toContain('to-tty')
    expect(output).toContain('40 120')
    expect(output).toContain(LEVEL === 'os' ? 'pts: ptmx' : 'pts: 0 ptmx')
    expect(code).toBe(0)
  },
)

test('a folder outside the home, with blanks and accents in its name, is as good as any', async () => {
  const place = await makePlace()
  places.push(place)
  const workspace = join(place.root, 'ein Ördner', "it's \\ here")
  await mkdir(workspace, { recursive: true })
  await runInside({ ...place, workspace }, ['/bin/sh', '-c', 'pwd >made; ls -A "$HOME" >>made'])
  expect(await readFile(join(workspace, 'made'), 'utf8')).toBe(`${workspace}\n`)
})

notInVm(test, looked)('a file of the workspace made inside belongs to the person', async () => {
  const place = await makePlace()
  places.push(place)
  await runInside(place, ['/usr/bin/touch', 'made'])
  expect(await readdir(place.workspace)).toEqual(['made'])
  expect((await stat(join(place.workspace, 'made'))).uid).toBe(process.getuid?.())
})
