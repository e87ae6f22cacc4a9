import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place, runInside } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'python3', 'ssh-agent', 'dbus-daemon', 'Xvfb')

let place: Place
let folder: string
const running: ChildProcess[] = []

/** Starts a real service and waits until it says or has what is waited for. */
async function service(command: string, args: readonly string[], said: RegExp): Promise<string> {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  running.push(child)
  return new Promise((resolve, reject) => {
    let text = ''
    const read = (data: Buffer): void => {
      text += data.toString()
      const match = said.exec(text)
      if (match) resolve(match[1] ?? match[0])
    }
    for (const stream of [child.stdout, child.stderr, child.stdio[3]]) stream?.on('data', read)
    child.once('exit', () => reject(new Error(`${command} ended: ${text}`)))
  })
}

const services = { agent: '', bus: '', busAbstract: '', display: '' }
beforeAll(async () => {
  place = await makePlace()
  // Where a desktop keeps them: a folder that is no part of any workspace.
  folder = await mkdtemp('/var/tmp/cloche-desktop-')
  services.agent = join(folder, 'agent.sock')
  await service('ssh-agent', ['-D', '-a', services.agent], /SSH_AUTH_SOCK=/)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  execFileSync('ssh-add', ['-q', join(folder, 'key')], {
    env: { ...process.env, SSH_AUTH_SOCK: services.agent },
  })
  const bus = ['--session', '--nofork', '--print-address=1']
  services.bus = await service(
    'dbus-daemon',
    [...bus, `--address=unix:path=${join(folder, 'bus')}`],
    /(unix:path=[^,\s]+)/,
  )
  services.busAbstract = await service(
    'dbus-daemon',
    [...bus, `--address=unix:abstract=cloche-bus-${process.pid}`],
    /(unix:abstract=[^,\s]+)/,
  )
  services.display = await service(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', '320x200x24', '-nolisten', 'tcp'],
    /(\d+)\n/,
  )
}, 30_000)
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await place.dispose()
  await rm(folder, { recursive: true, force: true })
})

/** Speaks the first words of the X11 protocol on both of its sockets. */
const X_CLIENT = `
import socket, struct, sys
number = sys.argv[1]
for address in ['/tmp/.X11-unix/X' + number, '\\0/tmp/.X11-unix/X' + number]:
    try:
        s = socket.socket(socket.AF_UNIX); s.settimeout(3); s.connect(address)
        s.sendall(struct.pack('<BxHHHHxx', 0x6c, 11, 0, 0, 0))
        print('x11 said', s.recv(1)[0])
    except OSError as refused: print('refused', refused)
`

const ATTEMPTS: readonly (readonly [name: string, command: () => string[], works: RegExp])[] = [
  [
    'list the keys of the SSH agent',
    () => ['/bin/sh', '-c', `SSH_AUTH_SOCK=${services.agent} ssh-add -l`],
    /ED25519/,
  ],
  [
    'ask the session bus for its names',
    () => ['/bin/sh', '-c', busCall(services.bus)],
    /org\.freedesktop\.DBus/,
  ],
  [
    'ask a session bus on an abstract socket',
    () => ['/bin/sh', '-c', busCall(services.busAbstract)],
    /org\.freedesktop\.DBus/,
  ],
  [
    'speak to the X server',
    () => ['/usr/bin/python3', '-c', X_CLIENT, services.display],
    /x11 said [01]/,
  ],
]

const busCall = (address: string): string =>
  `DBUS_SESSION_BUS_ADDRESS='${address}' dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.ListNames`

describe('services of a desktop', () => {
  test.each(ATTEMPTS)('%s', async (_, command, works) => {
    const [file = '', ...args] = command()
    const control = spawnText(file, args)
    expect(await control, 'unconfined, it must succeed').toMatch(works)
    expect((await runInside(place, command())).output).not.toMatch(works)
  })

  test('nothing of the environment leads to them', async () => {
    const { output } = await runInside(place, ['/usr/bin/env'])
    expect(output).toContain('HOME=')
    expect(output).not.toMatch(
      /^(SSH_AUTH_SOCK|SSH_AGENT_PID|GPG_AGENT_INFO|DBUS_\w+|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_RUNTIME_DIR|DOCKER_HOST)=/m,
    )
  })
})

function spawnText(file: string, args: readonly string[]): Promise<string> {
  return new Promise((done) => {
    const child = spawn(file, [...args], { cwd: '/' })
    let text = ''
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString()
    })
    child.on('close', () => done(text))
  })
}
