import { lstat, readdir, readFile, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isWithin } from '../../core/within.ts'
import type { Neutral } from './entries.ts'

/** A path git obeys, and what may stand for it where it does not exist. */
export interface Guarded {
  readonly path: string
  /** What keeps git as it is when the path does not exist. null: guard it only where it exists. */
  readonly absent: Neutral | null
}

const isFolder = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => null))?.isDirectory() ?? false
const isFile = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => null))?.isFile() ?? false

/** git takes a folder for a repository by its HEAD. */
export const isRepository = (folder: string): Promise<boolean> => isFile(join(folder, 'HEAD'))

/**
 * Everything in a repository's own folder through which git runs programs or finds another
 * repository: its configuration and hooks, those of its submodules, the pointers of its worktrees.
 */
export async function guardedInRepository(folder: string): Promise<Guarded[]> {
  const guarded: Guarded[] = [
    { path: join(folder, 'config'), absent: 'empty-file' },
    { path: join(folder, 'config.worktree'), absent: 'empty-file' },
    { path: join(folder, 'hooks'), absent: 'folder' },
    // An empty one would break git; one that names the folder it lies in changes nothing.
    { path: join(folder, 'commondir'), absent: 'own-common-folder' },
  ]
  for (const module of await repositoriesBelow(join(folder, 'modules'), 6))
    guarded.push(...(await guardedInRepository(module)))
  for (const name of await namesIn(join(folder, 'worktrees'))) {
    const worktree = join(folder, 'worktrees', name)
    guarded.push(
      { path: join(worktree, 'gitdir'), absent: null },
      { path: join(worktree, 'commondir'), absent: null },
      { path: join(worktree, 'config.worktree'), absent: 'empty-file' },
    )
  }
  return guarded
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

/** Names of submodules may hold slashes, so their folders nest. */
async function repositoriesBelow(folder: string, depth: number): Promise<string[]> {
  const found: string[] = []
  for (const name of await namesIn(folder)) {
    const path = join(folder, name)
    if (!(await isFolder(path))) continue
    if (await isRepository(path)) found.push(path)
    else if (depth > 0) found.push(...(await repositoriesBelow(path, depth - 1)))
  }
  return found
}

/** Settings by which a configuration sends git to further files it obeys. */
const SENDING = /^\s*(hooksPath|path)\s*=\s*"?([^"#;\n]+?)"?\s*$/gim

/** Files and folders of the workspace that the configuration of `folder` makes git obey. */
export async function guardedByConfiguration(folder: string, root: string): Promise<Guarded[]> {
  const text = await readSmall(join(folder, 'config'))
  const guarded: Guarded[] = []
  for (const [, name = '', value = ''] of text.matchAll(SENDING)) {
    if (value.startsWith('~')) continue
    const isHooks = name.toLowerCase() === 'hookspath'
    const path = resolve(isHooks ? root : folder, value)
    if (path !== root && isWithin(path, root) && !isWithin(path, folder))
      guarded.push({ path, absent: 'folder' })
  }
  return guarded
}

const MAX_POINTER_BYTES = 1024 * 1024

/** A planted FIFO or device would block or never end: only plain files of a sane size are read. */
async function readSmall(path: string): Promise<string> {
  const info = await lstat(path).catch(() => null)
  if (!info?.isFile() || info.size > MAX_POINTER_BYTES) return ''
  return readFile(path, 'utf8').catch(() => '')
}

/**
 * Where a worktree's `.git` file leads: its own folder and the repository they share. null when
 * the repository does not know this worktree: then the pointer was planted and is not followed.
 */
export async function followWorktree(
  pointer: string,
): Promise<{ readonly own: string; readonly common: string } | null> {
  const target = /^gitdir: (.+)$/m.exec(await readSmall(pointer))?.[1]
  if (target === undefined) return null
  const own = await realpath(resolve(dirname(pointer), target)).catch(() => null)
  if (own === null) return null
  const back = (await readSmall(join(own, 'gitdir'))).trim()
  if (back === '' || (await realpath(resolve(own, back)).catch(() => null)) !== pointer) return null
  const shared = (await readSmall(join(own, 'commondir'))).trim()
  const common = shared && (await realpath(resolve(own, shared)).catch(() => null))
  if (!common || !isWithin(own, join(common, 'worktrees')) || !(await isRepository(common)))
    return null
  return { own, common }
}
