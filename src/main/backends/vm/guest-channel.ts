import { createServer, type Socket } from 'node:net'
import { chmod } from 'node:fs/promises'

/** Kinds of messages, as native/vm-init.c has them. */
export const KIND = {
  ...{ plan: 1, go: 2, read: 3, link: 4, list: 5, links: 6, signal: 7, run: 8 },
  ...{ askToEnd: 9, stop: 10, clock: 11, report: 100, ready: 101, failed: 102, unserved: 103 },
} as const
type Kind = (typeof KIND)[keyof typeof KIND]

const HEAD_BYTES = 12
/** What a machine may say in one message; one that says more is not ours any more. */
const MOST_BYTES = 4 * 1024 * 1024 + 16
const MOST_REPORT = 64 * 1024
/** An emulated processor under load takes a while. */
const ANSWER_MS = 15_000

/**
 * The host's side of the line to a machine's first process. The machine is not trusted: what it says
 * is bounded, and only answers a question or fills the report.
 */
export interface GuestChannel {
  /** The machine's first process is there and listens. */
  isReady(): boolean
  /** The program's first process, as the machine numbers it; null: it is not there yet. */
  program(): number | null
  /** What the probe said so far. */
  report(): string
  /** Why the machine cannot go on, in its words; null: it did not say so. */
  failure(): string | null
  /** Why programs that know no proxy have no way out; null: they have one. */
  unserved(): string | null
  /** There is no machine any more. */
  isClosed(): boolean
  tell(kind: Kind, content?: Uint8Array): void
  /** null: no answer in time, or no machine any more. */
  ask(kind: Kind, content: Uint8Array, limitMs?: number): Promise<Buffer | null>
  /** Further calls do nothing. */
  close(): void
}

/** Listens at `path` for the one connection QEMU makes. Rejects when the socket cannot be made. */
export async function openGuestChannel(path: string): Promise<GuestChannel> {
  const waiting = new Map<number, (answer: Buffer | null) => void>()
  let isClosed = false
  let isReady = false
  let program: number | null = null
  let report = ''
  let failure: string | null = null
  let unserved: string | null = null
  let lastId = 0
  let rest: Buffer[] = []
  let restBytes = 0

  const end = (): void => {
    isClosed = true
    for (const settle of waiting.values()) settle(null)
    waiting.clear()
    line.close()
  }
  const take = (id: number, kind: number, content: Buffer): void => {
    if (id !== 0) {
      waiting.get(id)?.(content)
      waiting.delete(id)
    } else if (kind === KIND.ready) {
      isReady = true
      if (content.length === 4) program ??= content.readUInt32LE()
    } else if (kind === KIND.report && report.length < MOST_REPORT)
      report += content.toString('utf8')
    else if (kind === KIND.unserved) unserved = content.toString('utf8', 0, 200) || null
    else if (kind === KIND.failed) failure ??= content.toString('utf8', 0, 400)
  }
  const receive = (bytes: Buffer): void => {
    rest.push(bytes)
    restBytes += bytes.length
    while (restBytes >= HEAD_BYTES) {
      const whole = rest.length === 1 && rest[0] ? rest[0] : Buffer.concat(rest)
      rest = [whole]
      const size = whole.readUInt32LE(0)
      if (size > MOST_BYTES) return end()
      if (restBytes < HEAD_BYTES + size) return
      rest = [whole.subarray(HEAD_BYTES + size)]
      restBytes -= HEAD_BYTES + size
      take(
        whole.readUInt32LE(4),
        whole.readUInt32LE(8),
        whole.subarray(HEAD_BYTES, HEAD_BYTES + size),
      )
    }
  }
  const send = (id: number, kind: Kind, content: Uint8Array): void => {
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32LE(content.length, 0)
    head.writeUInt32LE(id, 4)
    head.writeUInt32LE(kind, 8)
    if (!isClosed) line.socket()?.write(Buffer.concat([head, content]))
  }

  const line = await openLine(path, (socket) => {
    if (isClosed) return void socket.destroy()
    socket.on('data', receive)
    socket.on('close', end)
  })
  return {
    isReady: () => isReady,
    program: () => program,
    report: () => report,
    failure: () => failure,
    unserved: () => unserved,
    isClosed: () => isClosed,
    tell: (kind, content = new Uint8Array()) => send(0, kind, content),
    ask: (kind, content, limitMs = ANSWER_MS) =>
      new Promise((resolve) => {
        if (isClosed || !line.socket()) return resolve(null)
        const id = ++lastId
        const timer = setTimeout(() => {
          waiting.delete(id)
          resolve(null)
        }, limitMs)
        waiting.set(id, (answer) => {
          clearTimeout(timer)
          resolve(answer)
        })
        send(id, kind, content)
      }),
    close: end,
  }
}

/** One connection at a path, as a stream of its own. */
export interface Line {
  /** null: nobody came yet. */
  socket(): Socket | null
  /** Further calls do nothing. */
  close(): void
}

/** Rejects when the socket cannot be made. `came`: called with the one connection. */
export async function openLine(path: string, came?: (socket: Socket) => void): Promise<Line> {
  let peer: Socket | null = null
  const server = createServer((socket) => {
    server.close()
    if (peer) return void socket.destroy()
    peer = socket
    socket.on('error', () => undefined)
    came?.(socket)
  })
  await listen(server, path)
  return {
    socket: () => peer,
    close: () => {
      server.close()
      peer?.destroy()
    },
  }
}

const MOST_CONSOLE = 2000

/** What the machine's kernel says, the last of it. */
export interface ConsoleLine {
  text(): string
  close(): void
}

export async function openConsole(path: string): Promise<ConsoleLine> {
  let text = ''
  const line = await openLine(path, (socket) => {
    socket.setEncoding('latin1').on('data', (part) => {
      text = (text + String(part)).slice(-MOST_CONSOLE)
    })
  })
  return { text: () => text, close: line.close }
}

async function listen(server: ReturnType<typeof createServer>, path: string): Promise<void> {
  await new Promise<void>((listening, refused) => {
    server.once('error', refused)
    server.listen(path, listening)
  })
  // Its folder is ours alone.
  await chmod(path, 0o600)
}

export const words = (...list: readonly string[]): Buffer =>
  Buffer.from(list.map((word) => `${word}\0`).join(''))

/** A number of 32 bits in front of what follows. */
export function numbered(number: number, ...rest: readonly string[]): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(number)
  return Buffer.concat([head, words(...rest)])
}

/** Milliseconds since the epoch, as the machine's clock is set with. */
export function clockWords(nowMs: number): Buffer {
  const content = Buffer.alloc(8)
  content.writeBigUInt64LE(BigInt(Math.round(nowMs)))
  return content
}
