import type { Readable, Writable } from 'node:stream'
import type { SocketEnds, SocketFinder } from '../core/ports.ts'
import type { ProgramStarter } from './program-starter.ts'

/** `struct record` of native/socket-owners.c. */
const RECORD_BYTES = 48
const AT = { id: 0, inode: 4, family: 8, ownPort: 12, otherPort: 14, own: 16, other: 32 } as const

interface Waiting {
  readonly count: number
  readonly inodes: (string | null)[]
  found(inodes: readonly (string | null)[]): void
  failed(cause: Error): void
}

export interface FinderOptions {
  readonly starter: ProgramStarter
  /** Built `socket-owners` program. */
  readonly program: string
  /** Any process in the network. */
  readonly pid: number
  /** Connections to it, and to everything outside, are held as they begin. 0: none is. */
  readonly proxyPort: number
}

/** Runs the program from now until `close`; where it is missing or fails, every question does. */
export async function createSocketFinder(options: FinderOptions): Promise<SocketFinder> {
  const { starter, program, pid, proxyPort } = options
  const helper = await starter.piped(program, [String(pid), String(proxyPort)])
  const finder = findOver(helper.stdout, helper.stdin)
  void helper.ended.then(() => finder.close())
  return finder
}

/** Where the program runs already: what it says, and what is said to it. Both are ended by `close`. */
export function findOver(said: Readable | null, told: Writable | null): SocketFinder {
  const waiting: Waiting[] = []
  let look: Parameters<SocketFinder['onHeld']>[0] = () => Promise.resolve()
  let over: Error | null = null
  let rest = Buffer.alloc(0)

  const end = (cause: Error): void => {
    over ??= cause
    for (const item of waiting.splice(0)) item.failed(over)
    told?.end()
  }
  const letGo = (record: Buffer): void => {
    if (!over) told?.write(record)
  }
  const take = (record: Buffer): void => {
    const number = record.readUInt32LE(AT.inode)
    const inode = number === 0 ? null : String(number)
    if (record.readUInt32LE(AT.id) !== 0) {
      void look(endsOf(record), inode).finally(() => letGo(record))
      return
    }
    const [next] = waiting
    if (next?.inodes.push(inode) !== next?.count) return
    waiting.shift()
    next?.found(next.inodes)
  }
  told?.on('error', end)
  said?.on('error', end)
  said?.on('close', () => end(new Error('it ended')))
  said?.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    for (; rest.length >= RECORD_BYTES; rest = rest.subarray(RECORD_BYTES))
      take(rest.subarray(0, RECORD_BYTES))
  })
  return {
    onHeld: (listener) => {
      look = listener
    },
    inodes: (ends) =>
      new Promise((found, failed) => {
        if (over) return failed(over)
        waiting.push({ count: ends.length, inodes: [], found, failed })
        told?.write(Buffer.concat(ends.map(question)))
      }),
    close: () => end(new Error('it was closed')),
  }
}

function question({ own, ownPort, other, otherPort }: SocketEnds): Buffer {
  const record = Buffer.alloc(RECORD_BYTES)
  record.writeUInt8(own.length === 4 ? 4 : 6, AT.family)
  record.writeUInt16BE(ownPort, AT.ownPort)
  record.writeUInt16BE(otherPort, AT.otherPort)
  record.set(own, AT.own)
  record.set(other, AT.other)
  return record
}

function endsOf(record: Buffer): SocketEnds {
  const size = record.readUInt8(AT.family) === 4 ? 4 : 16
  return {
    own: record.subarray(AT.own, AT.own + size),
    ownPort: record.readUInt16BE(AT.ownPort),
    other: record.subarray(AT.other, AT.other + size),
    otherPort: record.readUInt16BE(AT.otherPort),
  }
}
