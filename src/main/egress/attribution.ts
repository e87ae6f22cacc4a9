import { readdirSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises'
import type { Requester } from '../../shared/domain/policy.ts'
import { canonicalHost } from '../core/policy/host-name.ts'
import type { ProcessReader } from '../core/ports.ts'

const ATTEMPTS = 4
const PAUSE_MS = 15
const MAX_DESCRIPTORS = 4096

interface ClientEnd {
  /** How the client's row in the kernel's table begins: own end, then ours, in hex. */
  readonly rows: readonly string[]
}

interface Wanted {
  readonly socket: Socket
  readonly end: ClientEnd
  readonly found: (requester: Requester | null) => void
  attempts: number
}

/**
 * Who opened an accepted connection: the process of the sandbox that holds its other end, asked of
 * the kernel. Never rejects; null when the client was gone before it was found. Call it first thing
 * on accept: a short-lived client is only visible while it lives.
 */
export type Attribute = (socket: Socket) => Promise<Requester | null>

/**
 * The kernel's tables are read once for all that wait at the time, so that a program which opens
 * thousands of connections costs each of them little.
 */
export function createAttribution(rootPid: number, processes: ProcessReader): Attribute {
  let waiting: Wanted[] = []
  let isLooking = false

  const look = async (): Promise<void> => {
    isLooking = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const found = await findRequesters(batch, rootPid, processes)
      for (const item of batch) {
        const requester = found.get(item) ?? null
        item.attempts++
        if (requester || item.socket.destroyed || item.attempts === ATTEMPTS) item.found(requester)
        else void sleep(PAUSE_MS).then(() => want(item))
      }
    }
    isLooking = false
  }
  const want = (item: Wanted): void => {
    waiting.push(item)
    if (!isLooking) void look()
  }
  return (socket) => {
    const end = clientEnd(socket)
    if (!end) return Promise.resolve(null)
    return new Promise((found) => want({ socket, end, found, attempts: 0 }))
  }
}

/** Never rejects: the sandbox or a process may go away while it is read, which is an answer too. */
async function findRequesters(
  batch: readonly Wanted[],
  rootPid: number,
  processes: ProcessReader,
): Promise<Map<Wanted, Requester>> {
  const found = new Map<Wanted, Requester>()
  try {
    const [inodes, members] = await Promise.all([
      readInodes(
        rootPid,
        batch.map(({ end }) => end),
      ),
      processes.members(rootPid),
    ])
    const byInode = new Map<string, Wanted[]>()
    for (const item of batch) {
      const inode = item.end.rows.map((row) => inodes.get(row)).find((known) => known !== undefined)
      if (inode) byInode.set(inode, [...(byInode.get(inode) ?? []), item])
    }
    if (byInode.size === 0) return found
    const wanted = new Set(byInode.keys())
    const known = new Map<number, Promise<Requester | null>>()
    for (const pid of members) {
      for (const inode of heldBy(pid, wanted)) {
        const items = byInode.get(inode)
        if (!items) continue
        const asked = known.get(pid) ?? processes.requester(pid, rootPid)
        known.set(pid, asked)
        const requester = await asked
        if (requester) for (const item of items) found.set(item, elder(found.get(item), requester))
      }
      await breathe()
    }
  } catch {
    // See above.
  }
  return found
}

/** Of several holders (children inherit descriptors) the eldest asked. */
const elder = (one: Requester | undefined, other: Requester): Requester =>
  one && one.ancestors.length <= other.ancestors.length ? one : other

function clientEnd({
  remoteAddress,
  remotePort,
  localAddress,
  localPort,
}: Socket): ClientEnd | null {
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return null
  const [theirs, ours] = [addressForms(remoteAddress), addressForms(localAddress)]
  return {
    rows: theirs.flatMap((form, i) => {
      const other = ours[i]
      return other === undefined
        ? []
        : [`${form}:${hexPort(remotePort)} ${other}:${hexPort(localPort)}`]
    }),
  }
}

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')

/**
 * An address as /proc/net/tcp and tcp6 write it: 32-bit words in the machine's (little-endian)
 * byte order. An IPv4 client may use an IPv6 socket, so IPv4 has two forms.
 */
export function addressForms(text: string): string[] {
  const canonical = canonicalHost(text.replace(/%.*$/, ''))
  if (!canonical.ok) return []
  if (!canonical.value.includes(':')) {
    const word = words(Buffer.from(canonical.value.split('.').map(Number)))
    return [word, `0000000000000000FFFF0000${word}`]
  }
  const [head = '', tail = ''] = canonical.value.split('::')
  const groups = (part: string): string => part.split(':').map(pad4).join('')
  const [front, back] = [head && groups(head), tail && groups(tail)]
  return [words(Buffer.from(front + '0'.repeat(32 - front.length - back.length) + back, 'hex'))]
}

const pad4 = (group: string): string => group.padStart(4, '0')

function words(bytes: Buffer): string {
  return Buffer.from(bytes).swap32().toString('hex').toUpperCase()
}

/**
 * Inodes of the wanted sockets, by their rows; those that belong to no process are left out. A table
 * may have tens of thousands of rows, so only what is wanted is taken apart.
 */
async function readInodes(
  rootPid: number,
  ends: readonly ClientEnd[],
): Promise<Map<string, string>> {
  const inodes = new Map<string, string>()
  const wanted = new Set(ends.flatMap(({ rows }) => rows))
  for (const name of ['tcp', 'tcp6']) {
    // The kernel looks through all connections of the machine for either: few need the second.
    if (ends.every(({ rows }) => rows.some((row) => inodes.has(row)))) break
    const table = await readFile(`/proc/${rootPid}/net/${name}`, 'latin1').catch(() => '')
    const length = name === 'tcp' ? 'AAAAAAAA:PPPP AAAAAAAA:PPPP'.length : 2 * (32 + 5) + 1
    for (let at = table.indexOf('\n') + 1; at > 0 && at < table.length; ) {
      const end = table.indexOf('\n', at)
      const from = table.indexOf(':', at) + 2
      const row = table.slice(from, from + length)
      if (wanted.has(row)) {
        const inode = table.slice(from, end).split(/\s+/)[8]
        if (inode && inode !== '0') inodes.set(row, inode)
      }
      at = end + 1
    }
  }
  return inodes
}

/**
 * Those of the wanted sockets that a process holds. Read at once, which is far cheaper than in turns,
 * and the newest descriptors first: a program that has thousands of connections just made this one.
 */
function heldBy(pid: number, wanted: ReadonlySet<string>): string[] {
  const held: string[] = []
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`).slice(-MAX_DESCRIPTORS).reverse()) {
      const inode = SOCKET.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]
      if (inode && wanted.has(inode)) held.push(inode)
      if (held.length === wanted.size) break
    }
  } catch {
    // It is gone, or not ours to read.
  }
  return held
}
const SOCKET = /^socket:\[(\d+)\]$/

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
