import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Requester } from '../../shared/domain/policy.ts'
import { canonicalHost } from '../core/policy/host-name.ts'
import type { ProcessReader } from '../core/ports.ts'

const ATTEMPTS = 4
const PAUSE_MS = 15
const MAX_DESCRIPTORS = 4096

interface ClientEnd {
  /** Text of the client's row in the kernel's table: `ADDRESS:PORT` in hex, own end then ours. */
  readonly rows: readonly string[]
}

/**
 * Who opened the accepted connection `socket`: the process of the sandbox that holds its other
 * end, asked of the kernel. Never rejects; null when the client was gone before it was found.
 * Call it first thing on accept: a short-lived client is only visible while it lives.
 */
export async function attribute(
  socket: Socket,
  rootPid: number,
  processes: ProcessReader,
): Promise<Requester | null> {
  const end = clientEnd(socket)
  if (!end) return null
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await sleep(PAUSE_MS)
    try {
      const inode = await inodeOf(end, rootPid)
      const requester = inode && (await holderOf(inode, rootPid, processes))
      if (requester) return requester
    } catch {
      // The sandbox or the process went away while it was read; that is an answer too.
    }
    if (socket.destroyed) return null
  }
  return null
}

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
        : [`${form}:${hexPort(remotePort)} ${other}:${hexPort(localPort)} `]
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

async function inodeOf(end: ClientEnd, rootPid: number): Promise<string | null> {
  for (const name of ['tcp', 'tcp6']) {
    const table = await readFile(`/proc/${rootPid}/net/${name}`, 'latin1').catch(() => '')
    const inode = findInode(table, end.rows)
    if (inode !== null) return inode
  }
  return null
}

/** Inode of the socket in a /proc/net/tcp table whose row has these ends; null when orphaned. */
export function findInode(table: string, rows: readonly string[]): string | null {
  const line = table.split('\n').find((item) => rows.some((row) => item.includes(`: ${row}`)))
  const inode = line?.trim().split(/\s+/)[9]
  return inode === undefined || inode === '0' ? null : inode
}

/** Of several holders (children inherit descriptors) the eldest asked. */
async function holderOf(
  inode: string,
  rootPid: number,
  processes: ProcessReader,
): Promise<Requester | null> {
  const members = await processes.members(rootPid)
  const target = `socket:[${inode}]`
  const holding = await Promise.all(members.map((pid) => holds(pid, target)))
  const holders = members.filter((_, i) => holding[i])
  const found = await Promise.all(holders.map((pid) => processes.requester(pid, rootPid)))
  return found
    .filter((item): item is Requester => item !== null)
    .reduce<Requester | null>(
      (eldest, item) =>
        eldest && eldest.ancestors.length <= item.ancestors.length ? eldest : item,
      null,
    )
}

async function holds(pid: number, target: string): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const links = await Promise.all(
    descriptors
      .slice(0, MAX_DESCRIPTORS)
      .map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  )
  return links.includes(target)
}
