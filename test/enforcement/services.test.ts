import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { python, runOutside, shell } from '../helpers/outside.ts'
import { LEVEL } from '../helpers/level.ts'
import { makeSharedPlace } from '../helpers/shared-place.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { makePlace, type Place, runInside, whileInside } from '../helpers/sandbox.ts'
import { type Services, startServices } from '../helpers/services.ts'

const test = requireCapability('bubblewrap', 'python3', 'gpg-agent')

let place: Place
let services: Services
beforeAll(async () => {
  place = await makeSharedPlace()
  services = await startServices(place)
})
afterAll(async () => {
  await services.stop()
  await place.dispose()
})

/** Connects, asks, and prints what comes back. */
const connectTo = (address: string): string[] =>
  python(`
import socket
s = socket.socket(socket.AF_UNIX)
s.settimeout(3)
s.connect(${JSON.stringify(address)})
s.sendall(b'GET /version HTTP/1.0\\r\\n\\r\\n')
print(repr(s.recv(200)))`)

describe('sockets of the machine', () => {
  test('by path and by abstract name: nothing arrives', async () => {
    for (const [name, seen] of services.listeners) {
      // Node fills an abstract name up with zeros to the full length.
      const address = name.startsWith('\0') ? name.padEnd(108, '\0') : name
      expect(await runOutside(connectTo(address)), address).toContain('the machine')
      expect(seen.accepted, address).toBe(1)
      const { output } = await runInside(place, connectTo(address))
      expect(output, address).toMatch(/FileNotFoundError|ConnectionRefusedError/)
      expect(seen.accepted, address).toBe(1)
    }
  })

  test('the folders such sockets live in are not there at all', async () => {
    // In a container some are there, and empty.
    const what = LEVEL === 'os' ? '/run /var/run /tmp/.X11-unix /var/lib /sys' : '/run/* /sys/*'
    const list = shell(`ls -d ${what}; echo end`)
    expect(await runOutside(list)).toMatch(LEVEL === 'os' ? /^\/run$/m : /^\/run\//m)
    const { output } = await runInside(place, list)
    expect(output).toContain('end')
    expect(output).not.toMatch(/^\/(run|var|tmp|sys)/m)
  })

  test('no socket is anywhere in the file system inside, and none in its own kernel table', async () => {
    const find = python(`
import os, stat
# A machine's kernel connects nobody by a file of a share; to list those of this machine takes it a minute.
mounts = [line.split() for line in open('/proc/self/mountinfo')]
system = {m[4] for m in mounts if '9p' in m and not m[4].startswith('${place.root}')}
for top, folders, files in os.walk('/'):
    folders[:] = [f for f in folders if (top != '/' or f != 'proc') and os.path.join(top, f) not in system]
    for name in files:
        path = os.path.join(top, name)
        try:
            if stat.S_ISSOCK(os.lstat(path).st_mode): print('socket', path)
        except OSError: pass
lines = open('/proc/net/unix').readlines()[1:]
print(sorted(os.path.basename(line.split()[7]) for line in lines if len(line.split()) > 7))`)
    const { output } = await runInside(place, find)
    // In a container two programs of ours hold a line to this host, where nobody listens any more.
    expect(output.trim()).toBe(LEVEL === 'container' ? "['host.sock', 'owners.sock']" : '[]')
    const held = shell('readlink /proc/self/fd/*; cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp')
    const links = (await runInside(place, held)).output
    expect(links).not.toMatch(/socket:/)
    // The gateway's own are all there is (0A: listening), and TCP carries no descriptors.
    const listening = [...links.matchAll(/:([0-9A-F]{4}) 0+:0000 (?:0A|07) /g)].map(([, port]) =>
      Number.parseInt(port ?? '', 16),
    )
    expect(new Set(listening)).toEqual(new Set([3128, 3129, 53]))
  })
})

test('the GnuPG agent does not answer', async () => {
  const ask = [
    ...['/usr/bin/gpg-connect-agent', '--homedir', services.gnupgHome, '--no-autostart'],
    ...['GETINFO pid', '/bye'],
  ]
  expect(await runOutside(ask)).toMatch(/^D \d+\nOK/m)
  expect((await runInside(place, ask)).output).not.toMatch(/^OK/m)
})

/** Of this run alone: others may run on the same machine. */
const KEY = 0x63_000_000 + (process.pid % 0xff_ffff)
const NAME = `cloche-${process.pid}`

/** Ways in which processes of one person can meet; each offers, seeks, and clears away. */
const MEETINGS: Readonly<Record<string, { offer: string; seek: string; clear: string }>> = {
  'System V shared memory': {
    offer: `assert libc.shmget(${KEY}, 64, 0o1600) >= 0`,
    seek: `found = libc.shmget(${KEY}, 64, 0) >= 0`,
    clear: `libc.shmctl(libc.shmget(${KEY}, 64, 0), 0, None)`,
  },
  'a POSIX message queue': {
    offer: `assert libc.mq_open(b'/${NAME}', 0o102, 0o600, None) >= 0`,
    seek: `found = libc.mq_open(b'/${NAME}', 0) >= 0`,
    clear: `libc.mq_unlink(b'/${NAME}')`,
  },
  'a file of /dev/shm': {
    offer: `open('/dev/shm/${NAME}', 'w').close()`,
    seek: `found = os.path.exists('/dev/shm/${NAME}')`,
    clear: `os.remove('/dev/shm/${NAME}')`,
  },
  'a file of /tmp': {
    offer: `open('/tmp/${NAME}', 'w').close()`,
    seek: `found = os.path.exists('/tmp/${NAME}')`,
    clear: `os.remove('/tmp/${NAME}')`,
  },
  'an abstract socket': {
    offer: `kept = socket.socket(socket.AF_UNIX); kept.bind('\\0${NAME}'); kept.listen()`,
    seek: `found = socket.socket(socket.AF_UNIX).connect_ex('\\0${NAME}') == 0`,
    clear: '',
  },
}
const meet = (code: string): string[] =>
  python(`
import ctypes, os, socket, sys
libc = ctypes.CDLL('libc.so.6')
${code}`)
const seekingBy = (seek: string) => meet(`${seek}\nprint('found' if found else 'nothing')`)
const offering = (offer: string) => meet(`${offer}\nprint('offered', flush=True)\nsys.stdin.read()`)

/** Runs on the machine until `look` is done. */
async function whileOffered(argv: readonly string[], look: () => Promise<void>): Promise<void> {
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
  })
  const ended = new Promise((done) => child.once('exit', done))
  try {
    await expect.poll(() => output).toContain('offered')
    await look()
  } finally {
    child.stdin.end()
    await ended
  }
}

describe('sessions of one person, and the machine, share no', () => {
  test.each(Object.keys(MEETINGS))('%s with the machine', async (name) => {
    const { offer, seek, clear } = MEETINGS[name]!
    const seeking = seekingBy(seek)
    const insideOne = `${offer}\n${seek}\n${clear}\nprint('found' if found else 'nothing')`
    // Positive controls: it works on the machine, and it works within one session.
    expect((await runInside(place, meet(insideOne))).output).toContain('found')
    await whileOffered(offering(offer), async () => {
      expect(await runOutside(seeking)).toContain('found')
      expect((await runInside(place, seeking)).output.trim()).toBe('nothing')
    })
    await runOutside(meet(clear))
  })

  test('of them with each other, nor does one session’s reach the machine', async () => {
    const other = await makePlace()
    const offers = Object.values(MEETINGS).map(({ offer }) => offer)
    await whileInside(other, offering(offers.join('\n')), async ({ terminal }) => {
      await expect.poll(terminal.output).toContain('offered')
      for (const [name, { seek }] of Object.entries(MEETINGS)) {
        expect((await runInside(place, seekingBy(seek))).output.trim(), name).toBe('nothing')
        expect((await runOutside(seekingBy(seek))).trim(), name).toBe('nothing')
      }
    })
    await other.dispose()
  })
})
