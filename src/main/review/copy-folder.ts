import { constants, type Dirent } from 'node:fs'
import { chmod, copyFile, lchown, lutimes, mkdir, symlink, utimes } from 'node:fs/promises'
import type { LeftOut } from '../../shared/domain/review.ts'
import { type Base, markOf } from './base.ts'
import { type OpenFolder, openFolder } from '../disk/open-folder.ts'
import { isRefused, walkTree } from './walk-tree.ts'

export interface CopyLimits {
  readonly bytes: number
  readonly entries: number
}

/** The workspace is more than a review copies. */
export class TooLarge extends Error {}

export interface Copied {
  readonly base: Base
  readonly bytes: number
  readonly leftOut: readonly LeftOut[]
}

/**
 * Copies all files, folders and links of `from` into the empty folder `to`, both absolute and canonical;
 * links stay links. Blocks are shared where the file system can. Other programs may change `from`
 * meanwhile: a file is as it was at one moment, and no link is followed. `isOurs`: a path of the machine
 * that stays out of it.
 * @throws {TooLarge} and leaves what was copied until then to the caller.
 */
export async function copyFolder(
  from: string,
  to: string,
  limits: CopyLimits,
  isOurs: (path: string) => boolean = () => false,
): Promise<Copied> {
  const base: Base = new Map()
  const leftOut: LeftOut[] = []
  const source = await openFolder(from)
  /** Where the walk is, in the copy. */
  const into: OpenFolder[] = [await openFolder(to)]
  const here = (): OpenFolder => into.at(-1)!
  let bytes = 0
  let entries = 0

  const copyEntry = async (folder: OpenFolder, { name }: Dirent, path: string): Promise<void> => {
    const info = isOurs(`${from}/${path}`) ? null : await folder.look(name)
    if (!info) return
    bytes += Number(info.size)
    if (++entries > limits.entries || bytes > limits.bytes)
      throw new TooLarge('more than is copied')
    const made = info.isSymbolicLink()
      ? await copyLink(folder, here(), name)
      : await copyPlain(folder, here(), name)
    if (!made) return void leftOut.push({ path, why: 'unreadable' })
    const copy = await here().look(name)
    if (copy) base.set(path, { path, real: made, copy: markOf(copy) })
  }
  try {
    await walkTree(source, {
      entry: async (...entry) => {
        await copyEntry(...entry)
        return true
      },
      folder: async (_, name) => {
        if (++entries > limits.entries) throw new TooLarge('more than is copied')
        await mkdir(here().at(name), { mode: 0o700 })
        const next = await here().enter(name)
        if (!next) throw new Error('a folder of the copy is gone')
        into.push(next)
      },
      leave: async (parent, name) => {
        await into.pop()?.close()
        const info = await parent.look(name)
        if (!info?.isDirectory()) return
        const made = here().at(name)
        if (process.getuid?.() === 0) await lchown(made, Number(info.uid), Number(info.gid))
        await chmod(made, Number(info.mode & 0o777n))
        await utimes(made, Number(info.atimeMs) / 1000, Number(info.mtimeMs) / 1000)
      },
      left: (out) => leftOut.push(out),
    })
    return { base, bytes, leftOut }
  } finally {
    await source.close()
    for (const folder of into) await folder.close()
  }
}

/** The mark of what was copied; null: it may not be read, or is something else by now. */
async function copyPlain(from: OpenFolder, to: OpenFolder, name: string): Promise<string | null> {
  const file = await from.read(name).catch(refused)
  if (!file) return null
  try {
    const info = await file.stat({ bigint: true })
    const made = to.at(name)
    const mode = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL
    await copyFile(`/proc/self/fd/${file.fd}`, made, mode)
    if (process.getuid?.() === 0) await lchown(made, Number(info.uid), Number(info.gid))
    // Rights of whoever owns a file are for no copy of it.
    await chmod(made, Number(info.mode & 0o777n))
    await utimes(made, Number(info.atimeMs) / 1000, Number(info.mtimeMs) / 1000)
    return markOf(info)
  } finally {
    await file.close()
  }
}

async function copyLink(from: OpenFolder, to: OpenFolder, name: string): Promise<string | null> {
  const info = await from.look(name)
  if (!info?.isSymbolicLink()) return null
  const made = to.at(name)
  await symlink(await from.target(name), made)
  if (process.getuid?.() === 0) await lchown(made, Number(info.uid), Number(info.gid))
  await lutimes(made, Number(info.atimeMs) / 1000, Number(info.mtimeMs) / 1000)
  return markOf(info)
}

function refused(cause: unknown): null {
  if (isRefused(cause)) return null
  throw cause
}
