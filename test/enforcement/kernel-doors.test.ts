import { afterAll, beforeAll, describe, expect } from 'vitest'
import { compileEscapes, tryInside, tryNaively, tryOutside } from '../helpers/escape-program.ts'
import { asOwnRoot, python } from '../helpers/outside.ts'
import { NO_DOOR, WHY_NO_DOOR } from '../helpers/no-door.ts'
import { makeSharedPlace } from '../helpers/shared-place.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { type Place, runInside } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'gcc', 'python3')
const EPERM = '1'
const ENOSYS = '38'
const SIGSYS = 'signal 31'

let place: Place
let program: string

beforeAll(async () => {
  place = await makeSharedPlace()
  program = compileEscapes(place)
})
afterAll(() => place.dispose())

const isX64 = process.arch === 'x64'
const all = (words: readonly string[], wanted: string) =>
  words.map((name) => [name, wanted] as const)

/** What the filter gives; a machine without it lets it through or refuses in another way. */
const CLOSED: readonly (readonly [attempt: string, wanted: string])[] = [
  ...all(['unshare-mounts-high-bits', 'quotactl_fd', 'open_by_handle_at', 'fanotify_init'], EPERM),
  ...all(['adjtimex', 'clock_adjtime', 'clock_settime', 'settimeofday'], EPERM),
  ...all(['tioclinux', 'tioclinux-high-bits', ...(isX64 ? ['x32-socket'] : [])], EPERM),
  ['clone3-null', ENOSYS],
  ...all(isX64 ? ['i386-socket', 'i386-socketcall'] : [], SIGSYS),
]

/** The kernel keeps these for the privileged: one who is root in namespaces of his own can. */
const PRIVILEGED = ['mount-tmpfs', 'umount-proc', 'chroot-here', 'fsopen-tmpfs', 'fspick']

/** On the sandbox itself: the first process of a naive one is there to be taken over. */
const FIRST_PROCESS = ['ptrace-init', 'read-init', 'descriptor-of-init']

/** AF_*: UNSPEC, AX25, IPX, APPLETALK, NETROM, X25, … to MCTP. */
const FAMILIES = [
  ...[0, 3, 4, 5, 6, 9, 12, 15, 17, 19, 21, 26, 29, 30, 31, 33, 35, 36, 37, 38, 39, 40, 41, 42],
  ...[43, 44, 45],
]
/** NETLINK_*: SOCK_DIAG, XFRM, AUDIT, NETFILTER, KOBJECT_UEVENT, GENERIC; ROUTE is 0. */
const NETLINKS = [4, 6, 9, 12, 15, 16]

describe('system calls by their less usual doors', () => {
  test.for(CLOSED)('%s', async ([name, wanted], { skip }) => {
    const free = await tryOutside([program, name])
    const seen = await tryInside(place, [program, name])
    skip(free === NO_DOOR && seen === NO_DOOR, WHY_NO_DOOR)
    expect(free).not.toBe(wanted)
    expect(seen).toBe(wanted)
  })

  test.each(PRIVILEGED)('%s, which root of an own namespace may', async (name) => {
    expect(await tryOutside(asOwnRoot([program, name]))).not.toBe(EPERM)
    expect(await tryInside(place, [program, name])).toBe(EPERM)
  })

  test.each(FIRST_PROCESS)('%s, which succeeds in a naive sandbox', async (name) => {
    expect(await tryNaively([program, name])).toBe('ok')
    expect(await tryInside(place, [program, name])).toBe(EPERM)
  })
})

describe('kinds of sockets', () => {
  const closed = [
    ...FAMILIES.map((family) => [`family ${family}`, [String(family), '3', '0']] as const),
    ...NETLINKS.map((kind) => [`netlink ${kind}`, ['16', '3', String(kind)]] as const),
  ]
  test.each(closed)('%s is refused', async (_, words) => {
    const attempt = [program, 'socket', ...words]
    const free = await tryOutside(attempt)
    // Some the kernel keeps for the privileged: root of an own network is asked then.
    expect(free === EPERM ? await tryOutside(asOwnRoot(attempt)) : free).not.toBe(EPERM)
    expect(await tryInside(place, attempt)).toBe(EPERM)
  })

  test.each([
    ['a Unix socket', ['1', '1', '0']],
    ['TCP over IPv4', ['2', '1', '0']],
    ['UDP over IPv6', ['10', '2', '0']],
    ['the list of network interfaces', ['16', '3', '0']],
  ])('%s works, inside as outside', async (_, words) => {
    expect(await tryOutside([program, 'socket', ...words])).toBe('ok')
    expect(await tryInside(place, [program, 'socket', ...words])).toBe('ok')
  })

  test('a program can list the sandbox’s own interface', async () => {
    const list = python('import socket; print(socket.if_nameindex())')
    expect((await runInside(place, list)).output.trim()).toBe("[(1, 'lo')]")
  })
})
