import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { OBEYED } from '../../core/obeyed-names.ts'
import { isWithin } from '../../core/within.ts'
import { type FileEntry, RefusedPath } from './entries.ts'
import {
  followWorktree,
  type Guarded,
  guardedByConfiguration,
  guardedInRepository,
  isRepository,
} from './git-folders.ts'
import type { Walk } from './walk.ts'

export interface Protection {
  readonly entries: readonly FileEntry[]
  readonly gaps: readonly string[]
}

/** What is known of a path beside what stands there. */
export interface PathFacts {
  /** A neutral stand-in of another session, which this one needs as well. */
  isHeld(path: string): boolean
  /** A rule of the person's speaks of exactly this path, and replaces the protection. */
  isNamed(path: string): boolean
}

/**
 * @throws {RefusedPath} where something stands that cannot be covered by a mount.
 */
export async function protectWorkspace(
  workspace: string,
  walk: Walk,
  { isHeld, isNamed }: PathFacts,
): Promise<Protection> {
  const top = join(workspace, '.git')
  // Read-only, also where they do not exist yet.
  const guarded: Guarded[] = OBEYED.map((name) => ({
    path: join(workspace, name),
    absent: 'folder',
  }))
  const extra: FileEntry[] = []
  const pointer = await lstat(top).catch(() => null)
  if (pointer?.isDirectory() && (await isRepository(top)))
    guarded.push(
      ...(await guardedInRepository(top)),
      ...(await guardedByConfiguration(top, workspace)),
    )
  else guarded.push({ path: top, absent: 'folder' })
  if (pointer?.isFile()) {
    const worktree = await followWorktree(top)
    if (worktree && !isWithin(worktree.common, workspace)) {
      extra.push(existing(worktree.common, 'folder', 'write'))
      guarded.push(...(await guardedInRepository(worktree.common)))
    }
  }
  const nested = await protectNested(top, walk)
  guarded.push(...nested.guarded)

  const meant = unique(guarded).filter(({ path }) => !isNamed(path))
  const found = await Promise.all(meant.map((item) => asEntry(item, isHeld)))
  const entries = [...extra, ...found.filter((entry) => entry !== null)]
  const tops = [workspace, ...extra.map(({ path }) => path)]
  return { entries: [...entries, ...pinsFor(entries, tops)], gaps: nested.gaps }
}

/** Repositories below the workspace that exist now. New ones are the agent's own work. */
async function protectNested(
  top: string,
  walk: Walk,
): Promise<{ guarded: Guarded[]; gaps: string[] }> {
  const guarded: Guarded[] = []
  const gaps = walk.links
    .filter((path) => basename(path) === '.git')
    .map((path) => `change what git obeys at ${path}, because it is a link`)
  for (const folder of walk.folders) {
    if (basename(folder) !== '.git' || folder === top || !(await isRepository(folder))) continue
    guarded.push(...(await guardedInRepository(folder)))
    guarded.push(...(await guardedByConfiguration(folder, dirname(folder))))
  }
  for (const file of walk.files)
    if (basename(file) === '.git' && file !== top) guarded.push({ path: file, absent: null })
  if (!walk.isWhole)
    gaps.push('change hooks of repositories that lie too deep in this very large workspace')
  return { guarded, gaps }
}

const existing = (
  path: string,
  kind: FileEntry['kind'],
  access: FileEntry['access'],
): FileEntry => ({ path, kind, access, origin: 'boundary', absent: null })

async function asEntry(
  { path, absent }: Guarded,
  isHeld: (path: string) => boolean,
): Promise<FileEntry | null> {
  const info = await lstat(path).catch(() => null)
  if (info && !isHeld(path)) {
    if (info.isSymbolicLink())
      throw new RefusedPath(
        path,
        'It is a link, and a link cannot be made read-only: put a real file or folder there, or allow writing to it.',
      )
    if (!info.isDirectory() && !info.isFile())
      throw new RefusedPath(path, 'It is neither a file nor a folder.')
    return existing(path, info.isDirectory() ? 'folder' : 'file', 'read')
  }
  if (absent === null || !(await parentIsReal(path))) return null
  return { ...existing(path, absent === 'folder' ? 'folder' : 'file', 'read'), absent }
}

/** Nothing is made behind a link. */
async function parentIsReal(path: string): Promise<boolean> {
  const parent = dirname(path)
  return (await realpath(parent).catch(() => null)) === parent
}

const unique = (guarded: readonly Guarded[]): Guarded[] => [
  ...new Map(guarded.map((item) => [item.path, item])).values(),
]

/** Every folder between a protected path and the top it lies under. */
function pinsFor(entries: readonly FileEntry[], tops: readonly string[]): FileEntry[] {
  const known = new Set([...tops, ...entries.map(({ path }) => path)])
  const pins: FileEntry[] = []
  for (const { path } of entries)
    for (
      let folder = dirname(path);
      !known.has(folder) && tops.some((top) => isWithin(folder, top));
      folder = dirname(folder)
    ) {
      known.add(folder)
      pins.push(existing(folder, 'folder', 'pin'))
    }
  return pins
}
