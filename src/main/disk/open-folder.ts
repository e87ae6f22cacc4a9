import type { BigIntStats, Dirent } from 'node:fs'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises'

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/**
 * A folder that is held open. What lies in it is reached by its bare name, through the kernel's own
 * way to an open folder, so no link on any way to it is ever followed and nothing that is renamed
 * meanwhile leads elsewhere. Linux only. Whoever opens one closes it.
 */
export interface OpenFolder {
  /** A path to an entry, for calls that do not follow a last link. */
  at(name: string): string
  names(): Promise<Dirent[]>
  /** Of the folder itself. */
  info(): Promise<BigIntStats>
  /** null: there is no such entry. */
  look(name: string): Promise<BigIntStats | null>
  /** The folder of that name; null: there is none, or something else stands there. */
  enter(name: string): Promise<OpenFolder | null>
  /** A plain file for reading; null: there is none, or something else stands there. */
  read(name: string): Promise<FileHandle | null>
  target(name: string): Promise<string>
  close(): Promise<void>
}

const isBare = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')

/** The parts of a relative path; null: it is none that could lie in a folder. */
export function partsOf(path: string): string[] | null {
  const parts = path.split('/')
  return parts.every(isBare) ? parts : null
}

/** `path`: absolute and canonical. Rejects where no folder stands there. */
export async function openFolder(path: string): Promise<OpenFolder> {
  return holding(await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
}

function holding(handle: FileHandle): OpenFolder {
  const self = `/proc/self/fd/${handle.fd}`
  const at = (name: string): string => {
    if (!isBare(name)) throw new Error('a name of a folder’s entry was none')
    return `${self}/${name}`
  }
  return {
    at,
    names: () => readdir(self, { withFileTypes: true }),
    info: () => handle.stat({ bigint: true }),
    look: (name) => lstat(at(name), { bigint: true }).catch(absent),
    enter: async (name) => {
      const inner = await open(at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(absent)
      return inner && holding(inner)
    },
    read: async (name) => {
      // A pipe would let nobody go on, and a device do what it does: neither is opened to be used.
      const file = await open(at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(absent)
      if (file && !(await file.stat()).isFile()) {
        await file.close()
        return null
      }
      return file
    },
    target: (name) => readlink(at(name)),
    close: () => handle.close(),
  }
}

/** Nothing there, or not what was asked for; anything else is the caller's to hear. */
const NOT_SO: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'])

function absent(cause: unknown): null {
  if (cause instanceof Error && 'code' in cause && NOT_SO.has(cause.code)) return null
  throw cause
}

/**
 * Runs `work` with the folder that lies at these names below `top`; null: there is none.
 * `make`: makes what is missing on the way, which may be nothing but folders.
 */
export async function within<T>(
  top: OpenFolder,
  names: readonly string[],
  work: (folder: OpenFolder) => Promise<T>,
  make?: (parent: OpenFolder, name: string) => Promise<void>,
): Promise<T | null> {
  let folder = top
  try {
    for (const name of names) {
      let next = await folder.enter(name)
      if (!next && make && (await folder.look(name)) === null) {
        await make(folder, name)
        next = await folder.enter(name)
      }
      if (!next) return null
      if (folder !== top) await folder.close()
      folder = next
    }
    return await work(folder)
  } finally {
    if (folder !== top) await folder.close()
  }
}
