import type { Dirent } from 'node:fs'
import type { LeftOut } from '../../shared/domain/review.ts'
import type { OpenFolder } from '../disk/open-folder.ts'

/** Deeper than any workspace that people work in; each level holds one folder open. */
const MOST_LEVELS = 100
/** Entries of one folder that are worked on at a time. */
const WIDTH = 16
/** Paths that no call of the system takes any more. */
const MOST_PATH = 4000

export interface TreeWork {
  /** A plain file or a link. False: it is enough, and the walk ends. */
  entry(folder: OpenFolder, item: Dirent, path: string): Promise<boolean>
  /** Before what lies in it. */
  folder?(parent: OpenFolder, name: string): Promise<void>
  /** After all that was walked of it. */
  leave?(parent: OpenFolder, name: string): Promise<void>
  left(out: LeftOut): void
}

/** Every file and link below a folder, no link followed. Resolves with whether it saw all of them. */
export async function walkTree(top: OpenFolder, work: TreeWork): Promise<boolean> {
  return walkOne(top, '', 0, work)
}

async function walkOne(
  folder: OpenFolder,
  prefix: string,
  level: number,
  work: TreeWork,
): Promise<boolean> {
  const items = await folder.names()
  const own: Dirent[] = []
  const inner: Dirent[] = []
  for (const item of items) {
    const path = prefix + item.name
    if (item.name.includes('\uFFFD')) work.left({ path, why: 'name' })
    else if (path.length > MOST_PATH) work.left({ path: `${path.slice(0, 200)}…`, why: 'deep' })
    else if (item.isDirectory()) inner.push(item)
    else if (item.isFile() || item.isSymbolicLink()) own.push(item)
    else work.left({ path, why: 'special' })
  }
  for (let at = 0; at < own.length; at += WIDTH) {
    const batch = own.slice(at, at + WIDTH)
    const went = await Promise.all(
      batch.map((item) => work.entry(folder, item, prefix + item.name)),
    )
    if (went.includes(false)) return false
  }
  for (const { name } of inner) {
    const path = prefix + name
    if (level >= MOST_LEVELS) {
      work.left({ path, why: 'deep' })
      continue
    }
    const next = await folder.enter(name).catch(() => null)
    if (!next) {
      work.left({ path, why: 'unreadable' })
      continue
    }
    try {
      await work.folder?.(folder, name)
      if (!(await walkOne(next, `${path}/`, level + 1, work))) return false
    } catch (cause) {
      if (!isRefused(cause)) throw cause
      work.left({ path, why: 'unreadable' })
    } finally {
      await next.close()
      await work.leave?.(folder, name)
    }
  }
  return true
}

/** The file system does not let this user. */
export const isRefused = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM')
