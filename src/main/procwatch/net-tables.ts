import type { ProcessConnection } from '../../shared/domain/process-details.ts'
import type { ProcFiles } from '../core/ports.ts'

/** As the kernel numbers them. */
const TCP_STATES = [
  'unknown',
  'established',
  'syn-sent',
  'syn-received',
  'fin-wait-1',
  'fin-wait-2',
  'time-wait',
  'closed',
  'close-wait',
  'last-ack',
  'listening',
  'closing',
] as const

/** Some hundred thousand rows. */
const TABLE_BYTES = 64 * 1024 * 1024

/** Connections in the network namespace of a process; '': they are hidden. */
export async function readTable(
  proc: ProcFiles,
  pid: number,
  name: 'tcp' | 'tcp6' | 'udp' | 'udp6',
): Promise<string> {
  const bytes = await proc.read(`/proc/${pid}/net/${name}`, TABLE_BYTES)
  return bytes?.toString('latin1') ?? ''
}

/** Connections behind these socket inodes, in the network namespace of the process. */
export async function connectionsOf(
  proc: ProcFiles,
  pid: number,
  inodes: ReadonlySet<string>,
): Promise<ProcessConnection[]> {
  if (inodes.size === 0) return []
  const tables = await Promise.all(
    (['tcp', 'tcp6', 'udp', 'udp6'] as const).map(async (name) => {
      const table = await readTable(proc, pid, name)
      return parseTable(table, name.startsWith('tcp') ? 'tcp' : 'udp', inodes)
    }),
  )
  return tables.flat()
}

/** Rows of /proc/net/{tcp,udp}{,6} whose socket is among `inodes`. */
export function parseTable(
  table: string,
  protocol: 'tcp' | 'udp',
  inodes: ReadonlySet<string>,
): ProcessConnection[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
      if (!inodes.has(inode)) return []
      const isAlone = /^0*:0+$/.test(remote)
      const number = Number.parseInt(state, 16)
      return [
        {
          protocol,
          local: parseEnd(local),
          remote: isAlone ? null : parseEnd(remote),
          state: protocol === 'tcp' ? (TCP_STATES[number] ?? 'unknown') : 'open',
        },
      ]
    })
}

/** `0100007F:1F90`: 32-bit words in the machine's byte order, then the port. */
function parseEnd(text: string): string {
  const [hex = '', port = ''] = text.split(':')
  const bytes = Buffer.from(hex, 'hex')
  if (bytes.length % 4 !== 0) return text
  bytes.swap32()
  const number = Number.parseInt(port, 16)
  if (bytes.length === 4) return `${bytes.join('.')}:${number}`
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16))
  // A URL writes an address in its usual short form.
  return `${new URL(`http://[${groups.join(':')}]`).hostname}:${number}`
}
