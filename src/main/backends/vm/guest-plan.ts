import { dirname } from 'node:path'
import type { PlanInput } from '../../core/isolation/plan.ts'
import { isWithin } from '../../core/within.ts'
import type { FileEntry } from '../files/entries.ts'
import type { MachineLayout } from '../layout.ts'

/** A folder of the sandbox around the machine that the machine has at the same path. */
export interface Share {
  readonly tag: string
  readonly path: string
  readonly access: 'read' | 'write'
}

type Wanted = Omit<Share, 'tag'>

/**
 * Pure: what of the sandbox the machine is given. Never its /proc, /dev or /tmp: the machine has its
 * own. What is read-only, hidden or closed below a share is so by the sandbox's mounts, whatever the
 * machine's kernel does. `isFile`: only folders can be shared, so a file comes with its folder, in
 * which the sandbox has nothing else.
 */
export function sharesOf(
  plan: PlanInput,
  layout: Pick<MachineLayout, 'folders'>,
  entries: readonly FileEntry[],
  isFile: (path: string) => boolean,
): Share[] {
  const wanted: Wanted[] = [
    ...[...layout.folders, '/etc'].map((path): Wanted => ({ path, access: 'read' })),
    { path: plan.home, access: 'write' },
    { path: plan.workspace, access: 'write' },
    ...plan.mounts.map(
      ({ source, target, access }): Wanted =>
        isFile(source) ? { path: dirname(target), access: 'read' } : { path: target, access },
    ),
    ...entries.map(
      ({ path, kind, access }): Wanted => ({
        path: kind === 'file' ? dirname(path) : path,
        access: access === 'write' || access === 'pin' ? 'write' : 'read',
      }),
    ),
  ]
  const shares: Wanted[] = []
  for (const next of [...wanted].sort((a, b) => a.path.length - b.path.length)) {
    const around = shares.filter(({ path }) => isWithin(next.path, path))
    const isShown = around.some(({ access }) => access === 'write' || access === next.access)
    if (!isShown && next.path !== '/') shares.push(next)
  }
  return shares.map((share, i) => ({ ...share, tag: `share${i}` }))
}

export interface GuestParts {
  readonly uid: number
  readonly gid: number
  readonly shares: readonly Share[]
  readonly layout: MachineLayout
  readonly env: Readonly<Record<string, string>>
  /** The probe, then the program. */
  readonly argv: readonly string[]
}

/** Pure: the words of a plan as native/vm-init.c takes them, in their order. */
export function guestPlan(plan: PlanInput, parts: GuestParts): string[] {
  const { layout } = parts
  // Where it lies in a share, the share comes first and shows it as well.
  const cacheOf = ({ access }: Share): string => (access === 'read' ? 'loose' : 'mmap')
  return [
    ...['uid', String(parts.uid), 'gid', String(parts.gid)],
    ...layout.links.flatMap(([path, target]) => ['link', path, target]),
    ...[
      'folder',
      '/run',
      'memory',
      '/tmp',
      '1777',
      'root',
      '',
      'memory',
      '/var/tmp',
      '1777',
      'root',
      '',
    ],
    ...parts.shares.flatMap((share) => [
      'share',
      share.tag,
      share.path,
      share.access,
      cacheOf(share),
    ]),
    ...(plan.limits.processes === null ? [] : ['processes', String(plan.limits.processes)]),
    ...layout.procReadOnly.flatMap((path) => ['guard', path]),
    ...[...layout.procHiddenFiles, ...layout.procHiddenFolders].flatMap((path) => ['hide', path]),
    ...Object.entries(parts.env).flatMap(([name, value]) => ['env', `${name}=${value}`]),
    ...['cwd', plan.workspace],
    ...parts.argv.flatMap((word) => ['arg', word]),
  ]
}
