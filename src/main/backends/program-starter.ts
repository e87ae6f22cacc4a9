import { basename } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { type Finished, run, startHelper, startPiped } from './spawn.ts'

/** A program that talks over its stdin and stdout; it ends when its stdin does. */
export interface Piped {
  readonly stdin: Writable | null
  readonly stdout: Readable | null
  /** It is gone, and every word of it was read. Why it could not be started; null: it was. */
  readonly ended: Promise<string | null>
  kill(): void
}

/** A program that says something over Node's channel of child processes, sockets with it. */
export interface Teller {
  /** From now on. */
  onMessage(told: (message: unknown, handle: unknown) => void): void
  /** Its last words, after all its messages. */
  readonly ended: Promise<string>
  kill(): void
}

/** Starts small programs of ours. Whoever asked for one owns it. */
export interface ProgramStarter {
  /** Runs outside of every sandbox as well; null: there is none. */
  readonly program: string | null
  piped(file: string, args: readonly string[]): Promise<Piped>
  teller(file: string, args: readonly string[]): Promise<Teller>
  /** To its end; where it says why, both outputs may be one. Never rejects. */
  run(file: string, args: readonly string[], timeoutMs: number): Promise<Finished>
}

/** This process starts them itself, which holds it up the longer the larger it is. */
export const plainStarter: ProgramStarter = {
  program: null,
  piped: (file, args) => Promise.resolve(pipedOf(startPiped(file, args))),
  teller: (file, args) => Promise.resolve(tellerOf(startHelper(file, args, {}))),
  run: (file, args, timeoutMs) => run(file, args, { timeoutMs }),
}

type Child = ReturnType<typeof startPiped>

function pipedOf(child: Child): Piped {
  // It ended; whoever asked for it sees that.
  child.stdin?.on('error', () => undefined)
  child.stdout?.on('error', () => undefined)
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    ended: new Promise((resolve) => {
      child.on('error', (cause) => resolve(cause.message))
      child.on('close', () => resolve(null))
    }),
    kill: () => void child.kill('SIGKILL'),
  }
}

const MOST_WORDS = 2000

export function tellerOf(child: Child): Teller {
  let words = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    if (words.length < MOST_WORDS) words += chunk.toString('utf8')
  })
  return {
    onMessage: (told) => void child.on('message', told),
    ended: new Promise((resolve) => {
      child.on('error', (cause: NodeJS.ErrnoException) =>
        resolve(
          cause.code === 'ENOENT' ? `${basename(child.spawnfile)} is not there` : cause.message,
        ),
      )
      // Not its exit: that may be known while what it said before is still on its way.
      child.on('close', (code) => resolve(words.trim() || `it ended with code ${code}`))
    }),
    kill: () => void child.kill('SIGKILL'),
  }
}
