import { constants } from 'node:fs'
import {
  type FileHandle,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isWithin } from '../core/within.ts'
import { startTicks } from './kernel-facts.ts'
import { plainStarter, type ProgramStarter } from './program-starter.ts'

/**
 * A private folder that hands a launcher what its command line must not show: arguments, the
 * filter, and the channels to talk through. Removed as soon as the sandbox stands.
 */
export interface RunFolder {
  readonly path: string
  /** `mode`: default for nobody but this user. */
  write(name: string, content: string | Uint8Array, mode?: number): Promise<string>
  /** FIFOs opened for both ends, so neither side's open can block. The caller closes them. */
  fifos(...names: readonly string[]): Promise<FileHandle[]>
  /**
   * A pipe that gives its one reader the content and then ends; nothing of it is on a disk. The
   * caller stops it when no reader came.
   */
  feed(name: string, content: string): Promise<Feed>
  remove(): Promise<void>
}

export interface Feed {
  stop(): Promise<void>
}

/** `visible`: folders that exist inside the sandbox; the run folder is never below one of them. */
export async function makeRunFolder(
  visible: readonly string[],
  starter: ProgramStarter = plainStarter,
): Promise<RunFolder> {
  const path = await mkdtemp(join(await privateParent(visible), await ownPrefix()))
  return {
    path,
    write: async (name, content, mode = 0o600) => {
      const file = join(path, name)
      await writeFile(file, content, { mode, flag: 'wx' })
      return file
    },
    fifos: async (...names) => {
      const files = names.map((name) => join(path, name))
      await makeFifos(files, starter)
      return Promise.all(files.map((file) => open(file, constants.O_RDWR | constants.O_NONBLOCK)))
    },
    feed: async (name, content) => {
      const file = join(path, name)
      if (content === '') {
        await writeFile(file, '', { mode: 0o600, flag: 'wx' })
        return { stop: () => Promise.resolve() }
      }
      await makeFifos([file], starter)
      const feeding = feed(file, content)
      return {
        stop: async () => {
          // Whoever waits for a reader has one now, and finds it gone.
          const reader = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch(
            () => null,
          )
          await reader?.close()
          await feeding
        },
      }
    },
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

async function makeFifos(files: readonly string[], starter: ProgramStarter): Promise<void> {
  const made = await starter.run('mkfifo', ['-m', '600', ...files], 5000)
  if (made.code !== 0) throw new Error(`mkfifo: ${made.stderr.trim() || 'not found'}`)
}

/** Opening waits for the reader. A reader that leaves early ends it; that shows elsewhere. */
async function feed(file: string, content: string): Promise<void> {
  const writer = await open(file, 'w')
  await writer.writeFile(content).catch(() => undefined)
  await writer.close()
}

const PREFIX = 'cloche-session-'

/** Names the process that made the folder, so that a later one can tell whether it still runs. */
async function ownPrefix(): Promise<string> {
  return `${PREFIX}${process.pid}.${(await startTicks(process.pid)) ?? 0}-`
}

/** Removes folders whose makers were killed during a start; what they held was theirs alone. */
export async function sweepRunFolders(): Promise<void> {
  for (const parent of [await ownRuntimeFolder(), tmpdir(), '/tmp'])
    for (const name of parent ? await readdir(parent).catch(() => []) : []) {
      const maker = /^cloche-session-(\d+)\.(\d+)-/.exec(name)
      if (!parent || !maker || String(await startTicks(Number(maker[1]))) === maker[2]) continue
      const info = await lstat(join(parent, name)).catch(() => null)
      if (info?.isDirectory() && info.uid === process.getuid?.())
        await rm(join(parent, name), { recursive: true, force: true })
    }
}

/** `$XDG_RUNTIME_DIR/cloche` when it is ours alone, else a temporary folder; mkdtemp is 0700. */
async function privateParent(visible: readonly string[]): Promise<string> {
  for (const candidate of [await ownRuntimeFolder(), tmpdir(), '/tmp']) {
    const path = candidate && (await realpath(candidate).catch(() => null))
    if (path && !visible.some((folder) => isWithin(path, folder)) && (await isSafeParent(path)))
      return path
  }
  throw new Error('no folder of this machine is safe for the files of a start')
}

async function ownRuntimeFolder(): Promise<string | null> {
  const runtime = process.env.XDG_RUNTIME_DIR
  if (!runtime?.startsWith('/')) return null
  const path = join(runtime, 'cloche')
  // It is there already, or cannot be made: what stands there is judged next.
  await mkdir(path, { mode: 0o700 }).catch(() => undefined)
  const info = await lstat(path).catch(() => null)
  const isOurs = info?.isDirectory() && info.uid === process.getuid?.() && !(info.mode & 0o077)
  return isOurs ? path : null
}

/** Nobody else may rename or replace what we put there. */
async function isSafeParent(path: string): Promise<boolean> {
  const info = await lstat(path).catch(() => null)
  if (!info?.isDirectory()) return false
  const isTrusted = info.uid === 0 || info.uid === process.getuid?.()
  return isTrusted && ((info.mode & 0o022) === 0 || (info.mode & 0o1000) !== 0)
}
