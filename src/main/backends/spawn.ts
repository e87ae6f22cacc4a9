import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** The only environment our own helpers get: enough to find system tools, nothing of the person. */
const HELPER_ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C' }

export interface Finished {
  /** null: it could not be started, or a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a helper of ours to its end. Never throws; a missing program is `code: null`. */
export function run(
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly env?: NodeJS.ProcessEnv },
): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(
      file,
      [...args],
      {
        timeout: options.timeoutMs,
        killSignal: 'SIGKILL',
        env: { ...HELPER_ENV, ...options.env },
        cwd: '/',
        maxBuffer: 1024 * 1024,
      },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : null) : 0
        resolve({ code, stdout, stderr: stderr || (error && code === null ? error.message : '') })
      },
    )
  })
}

/** Starts a helper with a message channel; the caller owns it and must kill it. */
export function startHelper(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(file, [...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...HELPER_ENV, ...env },
    cwd: '/',
  })
}

/** Starts native/starter.c, which is asked on its stdin and answers on its channel. */
export function startStarter(program: string): ChildProcess {
  return spawn(program, [], {
    ...{ stdio: ['pipe', 'ignore', 'ignore', 'ipc'], env: HELPER_ENV, cwd: '/' },
  })
}

/** Starts a helper that talks over its stdin and stdout; it ends when its stdin does. */
export function startPiped(file: string, args: readonly string[] = []): ChildProcess {
  return spawn(file, [...args], { stdio: ['pipe', 'pipe', 'ignore'], env: HELPER_ENV, cwd: '/' })
}

const MOST_WORDS = 64 * 1024

/**
 * Runs a helper of ours that reads `input` to its end; what it says on standard output is nobody's. Rejects when
 * `input` does, when it is aborted, or when the helper cannot be started; nothing of it runs then.
 */
export async function runFed(
  [file = '', ...args]: readonly string[],
  input: readonly [NodeJS.ReadableStream, ...Transform[]],
  signal: AbortSignal,
): Promise<Omit<Finished, 'stdout'>> {
  const child = spawn(file, args, {
    ...{ stdio: ['pipe', 'ignore', 'pipe'], env: HELPER_ENV, cwd: '/', detached: true },
  })
  // As a group: bubblewrap that is killed before its child has asked to die with it leaves that waiting for ever.
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // All of it has ended.
    }
  }
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (part) => {
    stderr = (stderr + String(part)).slice(-MOST_WORDS)
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve)
  })
  const fed = pipeline([...input, child.stdin], { signal }).then(
    () => null,
    (cause: unknown) => {
      // One that ends early says why itself.
      if (!isCutOff(cause)) kill()
      return { cause }
    },
  )
  const [code, failed] = await Promise.all([ended, fed])
  if (failed && (code === 0 || !isCutOff(failed.cause))) throw failed.cause
  return { code, stderr }
}

const isCutOff = (cause: unknown): boolean =>
  cause instanceof Error &&
  'code' in cause &&
  (cause.code === 'EPIPE' || cause.code === 'ERR_STREAM_PREMATURE_CLOSE')

/** Runs words of a person's to their end, and tells each line of what they say. Rejects unless all went well. */
export function runTelling(
  [file = '', ...args]: readonly string[],
  {
    cwd,
    env,
    tell,
    signal,
  }: {
    readonly cwd: string
    readonly env: NodeJS.ProcessEnv
    readonly tell: (line: string) => void
    readonly signal: AbortSignal
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const output of [child.stdout, child.stderr])
      createInterface({ input: output }).on('line', tell)
    child.on('error', reject)
    child.on('close', (code, ended) =>
      code === 0
        ? resolve()
        : reject(new Error(`${basename(file)} ended with ${ended ?? code}; the log says why.`)),
    )
  })
}
