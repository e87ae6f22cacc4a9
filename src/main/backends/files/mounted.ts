import { lstat } from 'node:fs/promises'
import type { MountPoint } from '../kernel-facts.ts'
import type { PlanInput } from '../../core/isolation/plan.ts'
import { type FileEntry, type FilePolicy, RefusedPath } from './entries.ts'
import { onMachine } from './on-machine.ts'

/** Which file or folder a path meant, whatever its name means later. */
export interface Identity {
  readonly path: string
  readonly device: bigint
  readonly inode: bigint
  readonly isLink: boolean
}

/** `source` on the machine, found at `path` inside. null: there is nothing. */
export async function identifyPath(source: string, path: string): Promise<Identity | null> {
  const info = await lstat(source, { bigint: true }).catch(() => null)
  return info && { path, device: info.dev, inode: info.ino, isLink: info.isSymbolicLink() }
}

/**
 * Of everything of the person's that is mounted; the sandbox must show the same.
 * @throws {RefusedPath} where a link came to be since the plan: it would stay the same link while a
 * mount leads to where it led.
 */
export async function identifyPlan(plan: PlanInput, { entries }: FilePolicy): Promise<Identity[]> {
  const shown = entries.filter(({ access }) => access !== 'mask' && access !== 'deny')
  const own = [plan.workspace, ...shown.map(({ path }) => path)]
  const mounted = [
    ...own.map((path) => ({ source: onMachine(plan, path), target: path, isOwn: true })),
    ...plan.mounts.map(({ source, target }) => ({ source, target, isOwn: false })),
  ]
  const found = await Promise.all(
    mounted.map(async ({ source, target, isOwn }) => {
      const identity = await identifyPath(source, target)
      if (isOwn && identity?.isLink)
        throw new RefusedPath(target, 'It became a link just now. Start again.')
      return identity
    }),
  )
  // What is gone already, bubblewrap cannot mount: it says so in its own words.
  return found.filter((identity) => identity !== null)
}

const isWritable = ({ access }: FileEntry): boolean => access === 'write' || access === 'pin'

/** Entries that the kernel's table does not hold as planned, in words. Pure. */
export function uncovered(entries: readonly FileEntry[], mounts: readonly MountPoint[]): string[] {
  const points = new Map(mounts.map((point) => [point.path, point]))
  return entries.flatMap((entry) => {
    const point = points.get(entry.path)
    if (!point) return [`${entry.path} is not covered`]
    if (point.isWritable === isWritable(entry)) return []
    return [`${entry.path} is ${point.isWritable ? 'writable' : 'read-only'}`]
  })
}

/**
 * Paths that mean something else in the sandbox of `pid` than when the session was planned:
 * another program may swap a path for a link between that look and the mount. In words.
 */
export async function misplaced(pid: number, identities: readonly Identity[]): Promise<string[]> {
  const words = await Promise.all(
    identities.map(async ({ path, device, inode }) => {
      const info = await lstat(`/proc/${pid}/root${path}`, { bigint: true }).catch(() => null)
      return info?.dev === device && info.ino === inode
        ? []
        : [`${path} is not what it was when the session was planned`]
    }),
  )
  return words.flat()
}
