import { Socket } from 'node:net'
import { basename } from 'node:path'
import { z } from 'zod'
import type { Log } from '../core/ports.ts'
import { plainStarter, type ProgramStarter } from './program-starter.ts'
import { startStarter } from './spawn.ts'

/** Kinds of requests of native/starter.c. */
const KIND = { piped: 0, words: 1, channel: 2, kill: 3 } as const
const HEAD_BYTES = 12

/** What the program, and those it gave its channel, say. */
const Told = z.looseObject({
  number: z.number(),
  /** Of a socket that comes with it. */
  name: z.string().optional(),
  failed: z.string().optional(),
  code: z.number().nullable().optional(),
})
const Ready = z.strictObject({ ready: z.literal(true) })

const GONE = 'the program that starts programs ended'

/** One that was asked for. */
interface Begun {
  /** null: it was not started. */
  readonly socket: Socket | null
  readonly failed: string
  /** null: a signal ended it, or nobody knows. */
  readonly exited: Promise<number | null>
  kill(): void
}

type Receive = (message: z.infer<typeof Told>, handle: unknown) => void

export interface OwnStarter extends ProgramStarter {
  /** Resolves when it has ended. What it started ends with whoever asked for it. */
  close(): Promise<void>
}

/**
 * Has native/starter.c start them: forking a large process takes the kernel long, and this process
 * stands still meanwhile. Where that is not built, or ended, this process does it itself.
 */
export function createStarter(program: string, log: Log): OwnStarter {
  const child = startStarter(program)
  const receivers = new Map<number, Receive>()
  let numbers = 0
  let isOver = false
  let settle: (isReady: boolean) => void = () => undefined
  const ready = new Promise<boolean>((resolve) => {
    settle = resolve
  })
  const gone = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      if (!isOver) log.warn(`${why}: the host starts programs itself`)
      isOver = true
      settle(false)
      for (const [number, receive] of receivers) receive({ number, failed: GONE, code: null }, null)
      receivers.clear()
      resolve()
    }
    child.on('error', (cause) => end(cause.message))
    child.on('exit', () => end(GONE))
  })
  child.stdin?.on('error', () => undefined)
  child.on('message', (message, handle) => {
    if (Ready.safeParse(message).success) return settle(true)
    const told = Told.safeParse(message)
    const receive = told.success ? receivers.get(told.data.number) : undefined
    if (told.success && receive) receive(told.data, handle)
    else if (handle instanceof Socket) handle.destroy()
  })

  const say = (number: number, kind: number, words: readonly string[]): void => {
    const text = Buffer.from(words.map((word) => `${word}\0`).join(''))
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32LE(number, 0)
    head.writeUInt32LE(kind, 4)
    head.writeUInt32LE(text.length, 8)
    child.stdin?.write(Buffer.concat([head, text]))
  }

  /** `other`: told of whatever the program itself says on the channel. */
  const begin = (kind: number, words: readonly string[], other: Receive): Promise<Begun> =>
    new Promise((resolve) => {
      const number = ++numbers
      let exit: (code: number | null) => void = () => undefined
      const exited = new Promise<number | null>((done) => {
        exit = done
      })
      receivers.set(number, (message, handle) => {
        const { failed, code } = message
        if (failed !== undefined || code !== undefined) {
          receivers.delete(number)
          exit(code ?? null)
          return resolve({ socket: null, failed: failed ?? GONE, exited, kill: () => undefined })
        }
        if (!(handle instanceof Socket) || message.name !== undefined) return other(message, handle)
        // It shows as an end.
        handle.on('error', () => undefined)
        const kill = (): void => {
          if (receivers.has(number)) say(number, KIND.kill, [])
        }
        resolve({ socket: handle, failed: '', exited, kill })
      })
      say(number, kind, words)
    })

  const closed = (socket: Socket): Promise<unknown> =>
    socket.destroyed
      ? Promise.resolve()
      : new Promise((resolve) => {
          socket.on('close', resolve)
        })
  const isUp = async (): Promise<boolean> => (await ready) && !isOver

  return {
    program,
    piped: async (file, args) => {
      if (!(await isUp())) return plainStarter.piped(file, args)
      const { socket, failed, exited, kill } = await begin(KIND.piped, [file, ...args], ignore)
      const end = socket ? Promise.all([exited, closed(socket)]).then(() => null) : failed
      return { stdin: socket, stdout: socket, ended: Promise.resolve(end), kill }
    },
    teller: async (file, args) => {
      if (!(await isUp())) return plainStarter.teller(file, args)
      const early: Parameters<Receive>[] = []
      let told: Receive = (...said) => void early.push(said)
      const begun = await begin(KIND.channel, [file, ...args], (...said) => told(...said))
      const said = begun.socket && wordsOf(begun.socket)
      return {
        onMessage: (listener) => {
          told = (message, handle) => listener(message.name ?? message, handle)
          for (const item of early.splice(0)) told(...item)
        },
        ended: begun.exited.then(
          async (code) =>
            (said ? await said : `${basename(file)}: ${begun.failed}`) ||
            `it ended with code ${code}`,
        ),
        kill: begun.kill,
      }
    },
    run: async (file, args, timeoutMs) => {
      if (!(await isUp())) return plainStarter.run(file, args, timeoutMs)
      const { socket, failed, exited, kill } = await begin(KIND.words, [file, ...args], ignore)
      if (!socket) return { code: null, stdout: '', stderr: failed }
      const timer = setTimeout(kill, timeoutMs)
      const [code, stderr] = await Promise.all([exited, wordsOf(socket)])
      clearTimeout(timer)
      return { code, stdout: '', stderr }
    },
    close: async () => {
      isOver = true
      child.stdin?.end()
      await gone
    },
  }
}

const ignore = (): void => undefined

const MOST_WORDS = 64 * 1024

/** Everything it says, until nobody has the other end. */
async function wordsOf(socket: Socket): Promise<string> {
  let words = ''
  socket.setEncoding('utf8').on('data', (part: string) => {
    if (words.length < MOST_WORDS) words += part
  })
  await new Promise((resolve) => {
    socket.on('close', resolve)
  })
  return words.trim()
}
