import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './spawn.ts'

/**
 * A private folder that hands a launcher what its command line must not show: arguments, the
 * filter, and the channels to talk through. Removed when the sandbox is gone.
 */
export interface RunFolder {
  readonly path: string
  write(name: string, content: string | Uint8Array): Promise<string>
  /** A FIFO opened for both ends, so neither side's open can block. The caller closes it. */
  fifo(name: string): Promise<FileHandle>
  remove(): Promise<void>
}

export async function makeRunFolder(): Promise<RunFolder> {
  const path = await mkdtemp(join(await privateParent(), 'session-'))
  return {
    path,
    write: async (name, content) => {
      const file = join(path, name)
      await writeFile(file, content, { mode: 0o600, flag: 'wx' })
      return file
    },
    fifo: async (name) => {
      const file = join(path, name)
      const made = await run('mkfifo', ['-m', '600', file], { timeoutMs: 5000 })
      if (made.code !== 0) throw new Error(`mkfifo: ${made.stderr.trim() || 'not found'}`)
      return open(file, constants.O_RDWR | constants.O_NONBLOCK)
    },
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

/** `$XDG_RUNTIME_DIR/cloche` when it is ours alone, else the temporary folder (mkdtemp is 0700). */
async function privateParent(): Promise<string> {
  const runtime = process.env.XDG_RUNTIME_DIR
  if (!runtime?.startsWith('/')) return tmpdir()
  const path = join(runtime, 'cloche')
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') return tmpdir()
  }
  const info = await lstat(path)
  const isOurs = info.isDirectory() && info.uid === process.getuid?.() && (info.mode & 0o077) === 0
  return isOurs ? path : tmpdir()
}
