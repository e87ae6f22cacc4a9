import type { SocketEnds, SocketFinder } from '../core/ports.ts'
import { startPiped } from './spawn.ts'

/** `struct question` of native/socket-owners.c, and its answer. */
const QUESTION_BYTES = 40
const ANSWER_BYTES = 4

interface Waiting {
  readonly count: number
  found(inodes: readonly (string | null)[]): void
  failed(cause: Error): void
}

/**
 * Asks by the built `socket-owners` program, which enters the network of the sandbox `pid` belongs to.
 * It is started with the first question: most starts of a session should not wait for it.
 */
export function createSocketFinder(program: string, pid: number): SocketFinder {
  const waiting: Waiting[] = []
  let helper: ReturnType<typeof startPiped> | null = null
  let over: Error | null = null
  let answers = Buffer.alloc(0)

  const end = (cause: Error): void => {
    over ??= cause
    for (const item of waiting.splice(0)) item.failed(over)
    helper?.stdin?.end()
  }
  const take = (bytes: Buffer): void => {
    answers = Buffer.concat([answers, bytes])
    for (let next = waiting[0]; next; next = waiting[0]) {
      const size = next.count * ANSWER_BYTES
      if (answers.length < size) return
      const found = Array.from({ length: next.count }, (_, i) =>
        answers.readUInt32LE(i * ANSWER_BYTES),
      )
      answers = answers.subarray(size)
      waiting.shift()
      next.found(found.map((inode) => (inode === 0 ? null : String(inode))))
    }
  }
  const start = (): ReturnType<typeof startPiped> => {
    const child = startPiped(program, [String(pid)])
    child.on('error', end)
    child.on('exit', () => end(new Error('it ended')))
    child.stdin?.on('error', end)
    child.stdout?.on('data', take)
    return child
  }
  return {
    inodes: (ends) =>
      new Promise((found, failed) => {
        if (over) return failed(over)
        helper ??= start()
        waiting.push({ count: ends.length, found, failed })
        helper.stdin?.write(Buffer.concat(ends.map(question)))
      }),
    close: () => end(new Error('it was closed')),
  }
}

function question({ own, ownPort, other, otherPort }: SocketEnds): Buffer {
  const bytes = Buffer.alloc(QUESTION_BYTES)
  bytes.writeUInt8(own.length === 4 ? 4 : 6)
  bytes.writeUInt16BE(ownPort, 4)
  bytes.writeUInt16BE(otherPort, 6)
  bytes.set(own, 8)
  bytes.set(other, 24)
  return bytes
}
