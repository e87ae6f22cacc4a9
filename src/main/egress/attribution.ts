import { isIP, type Socket } from 'node:net'
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises'
import type { Requester } from '../../shared/domain/policy.ts'
import { canonicalHost } from '../core/policy/host-name.ts'
import type { ProcessReader, SocketEnds, SocketFinder } from '../core/ports.ts'

const ATTEMPTS = 4
const PAUSE_MS = 15

/** Of connections that began and were not accepted yet. */
const MOST_EARLY = 2048

interface Wanted {
  /** As the client sees them. */
  readonly ends: SocketEnds
  /** Where it is known already. */
  readonly inode: string | null
  /** Looking again is in vain. */
  readonly isOver: () => boolean
  readonly found: (requester: Requester | null) => void
  attempts: number
}

interface AttributionParts {
  /** First process of the sandbox. */
  readonly rootPid: number
  readonly processes: ProcessReader
  readonly sockets: SocketFinder | null
}

/**
 * Who opened an accepted connection: the process of the sandbox that holds its other end, asked of
 * the kernel. Never rejects; null when the client was gone before it was found. Call it first thing
 * on accept: where connections are not held as they begin, a client is only visible while it lives.
 */
export type Attribute = (socket: Socket) => Promise<Requester | null>

/**
 * The kernel's tables are read once for all that wait at the time, so that a program which opens
 * thousands of connections costs each of them little.
 */
export function createAttribution(parts: AttributionParts): Attribute {
  let waiting: Wanted[] = []
  let isLooking = false

  const look = async (): Promise<void> => {
    isLooking = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const found = await findRequesters(batch, parts)
      for (const item of batch) {
        const requester = found.get(item) ?? null
        item.attempts++
        if (requester || item.isOver() || item.attempts === ATTEMPTS) item.found(requester)
        else void sleep(PAUSE_MS).then(() => want(item))
      }
    }
    isLooking = false
  }
  const want = (item: Wanted): void => {
    waiting.push(item)
    if (!isLooking) void look()
  }
  const find = (item: Omit<Wanted, 'found' | 'attempts'>): Promise<Requester | null> =>
    new Promise((found) => want({ ...item, found, attempts: 0 }))

  const early = new Map<string, Promise<Requester | null>>()
  parts.sockets?.onHeld(async (ends, inode) => {
    const [oldest] = early.keys()
    if (oldest !== undefined && early.size === MOST_EARLY) early.delete(oldest)
    const found = inode === null ? null : find({ ends, inode, isOver: () => true })
    if (found) early.set(keyOf(ends), found)
    await found
  })
  return async (socket) => {
    const ends = clientEnd(socket)
    if (!ends) return null
    const key = keyOf(ends)
    const known = early.get(key)
    early.delete(key)
    return (await known) ?? find({ ends, inode: null, isOver: () => socket.destroyed })
  }
}

const keyOf = ({ own, ownPort, other, otherPort }: SocketEnds): string =>
  `${Buffer.from(own).toString('hex')}:${ownPort} ${Buffer.from(other).toString('hex')}:${otherPort}`

/** Never rejects: the sandbox or a process may go away while it is read, which is an answer too. */
async function findRequesters(
  batch: readonly Wanted[],
  parts: AttributionParts,
): Promise<Map<Wanted, Requester>> {
  const { rootPid, processes } = parts
  const found = new Map<Wanted, Requester>()
  try {
    const unknown = batch.filter((item) => item.inode === null)
    const [inodes, members] = await Promise.all([
      findInodes(
        unknown.map((item) => item.ends),
        parts,
      ),
      processes.members(rootPid),
    ])
    const answered = new Map(unknown.map((item, i) => [item, inodes[i]]))
    const byInode = new Map<string, Wanted[]>()
    for (const item of batch) {
      const inode = item.inode ?? answered.get(item)
      if (inode) byInode.set(inode, [...(byInode.get(inode) ?? []), item])
    }
    if (byInode.size === 0) return found
    const wanted = new Set(byInode.keys())
    const known = new Map<number, Promise<Requester | null>>()
    for (const pid of members) {
      for (const inode of await processes.holding(pid, wanted)) {
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

function clientEnd(socket: Socket): SocketEnds | null {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  const own = addressBytes(remoteAddress ?? '')
  const other = addressBytes(localAddress ?? '')
  if (!own || !other || own.length !== other.length || !remotePort || !localPort) return null
  return { own, ownPort: remotePort, other, otherPort: localPort }
}

/** Four or sixteen; null: it is no address. */
function addressBytes(text: string): Buffer | null {
  const canonical = canonicalHost(text.replace(/%.*$/, ''))
  if (!canonical.ok || isIP(canonical.value) === 0) return null
  if (!canonical.value.includes(':')) return Buffer.from(canonical.value.split('.').map(Number))
  const [head = '', tail = ''] = canonical.value.split('::')
  const groups = (part: string): string => part.split(':').map(pad4).join('')
  const [front, back] = [head && groups(head), tail && groups(tail)]
  return Buffer.from(front + '0'.repeat(32 - front.length - back.length) + back, 'hex')
}

const pad4 = (group: string): string => group.padStart(4, '0')

/** By the kernel's exact answer where it can be asked, by its tables otherwise. In the order asked. */
async function findInodes(
  ends: readonly SocketEnds[],
  parts: AttributionParts,
): Promise<readonly (string | null)[]> {
  if (ends.length === 0) return []
  const found = await parts.sockets?.inodes(ends).catch(() => null)
  if (found) return found
  const rows = ends.map(tableRows)
  const inodes = await readTables(parts, rows)
  return rows.map((forms) => forms.map((row) => inodes.get(row)).find(Boolean) ?? null)
}

/**
 * How the row of a socket in /proc/net/tcp or tcp6 begins: 32-bit words in the machine's
 * (little-endian) byte order. An IPv4 client may use an IPv6 socket, so IPv4 has two forms.
 */
function tableRows({ own, ownPort, other, otherPort }: SocketEnds): string[] {
  const row = (prefix: string): string =>
    `${prefix}${words(own)}:${hexPort(ownPort)} ${prefix}${words(other)}:${hexPort(otherPort)}`
  return own.length === 4 ? [row(''), row('0000000000000000FFFF0000')] : [row('')]
}

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')

const words = (bytes: Uint8Array): string =>
  Buffer.from(bytes).swap32().toString('hex').toUpperCase()

/**
 * Inodes of the wanted sockets, by their rows; those that belong to no process are left out. A table
 * may have tens of thousands of rows, so only what is wanted is taken apart.
 */
async function readTables(
  { rootPid, processes }: AttributionParts,
  rows: readonly (readonly string[])[],
): Promise<Map<string, string>> {
  const inodes = new Map<string, string>()
  const wanted = new Set(rows.flat())
  for (const name of ['tcp', 'tcp6'] as const) {
    // The kernel looks through all connections of the machine for either: few need the second.
    if (rows.every((forms) => forms.some((row) => inodes.has(row)))) break
    const table = await processes.netTable(rootPid, name)
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
