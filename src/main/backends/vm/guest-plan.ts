import { dirname } from 'node:path'
import type { PlanInput } from '../../core/isolation/plan.ts'
import { isWithin } from '../../core/within.ts'
import type { FileEntry } from '../files/entries.ts'
import { type MachineLayout, PROC_HIDDEN, PROC_READ_ONLY } from '../layout.ts'

/** A folder of the sandbox around the machine that the machine has at the same path. */
export interface Share {
  readonly tag: string
  readonly path: string
  /** Where QEMU has it; absent: at the same path. */
  readonly source?: string
  readonly access: 'read' | 'write'
  /** The only files of it that the program has; absent: it has the folder. */
  readonly pieces?: readonly Piece[]
}

interface Piece {
  readonly path: string
  readonly access: 'read' | 'write'
}

type Wanted = Omit<Share, 'tag'>

/**
 * Pure: what of the sandbox the machine is given. Never its /proc, /dev or /tmp: the machine has its
 * own. What is read-only, hidden or closed below a share is so by the sandbox's mounts, whatever the
 * machine's kernel does. `isFile`: only folders can be shared, so a file comes with its folder, in
 * which the sandbox has nothing else. With a root from an image that folder may be the image's own:
 * then nothing but the file is shown, and nothing of this machine's system is shared at all.
 */
export function sharesOf(
  plan: PlanInput,
  layout: Pick<MachineLayout, 'folders'>,
  entries: readonly FileEntry[],
  isFile: (path: string) => boolean,
): Share[] {
  const hasImage = plan.image !== null
  const file = (path: string, access: Share['access']): Wanted => ({
    ...{ path: dirname(path), access },
    ...(hasImage ? { pieces: [{ path, access }] } : {}),
  })
  const wanted: Wanted[] = [
    ...(hasImage ? [] : [...layout.folders, '/etc']).map(
      (path): Wanted => ({ path, access: 'read' }),
    ),
    { path: plan.home, access: 'write' },
    { path: plan.workspace, access: 'write' },
    ...plan.mounts.map(
      ({ source, target, access }): Wanted =>
        isFile(source) ? file(target, 'read') : { path: target, access },
    ),
    ...entries.map(({ path, kind, access }): Wanted => {
      const given = access === 'write' || access === 'pin' ? 'write' : 'read'
      return kind === 'file' ? file(path, given) : { path, access: given }
    }),
  ]
  const shares: Wanted[] = []
  for (const next of [...wanted].sort((a, b) => a.path.length - b.path.length)) {
    const around = shares.filter(({ path, pieces }) => !pieces && isWithin(next.path, path))
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
  /** With a root from an image: files of ours in the place of the image's, by path. */
  readonly files: Readonly<Record<string, string>>
  /** Whether somebody on the host is told who changes files. */
  readonly isObserved: boolean
  /** Whether the probe is native/probe.c, which the machine has. */
  readonly hasProbe: boolean
  /** The probe, then the program. */
  readonly argv: readonly string[]
}

const inMemory = (path: string): string[] => ['memory', path, '1777', 'root', '']

/** Pure: the words of a plan as native/vm-init.c takes them, in their order. */
export function guestPlan(plan: PlanInput, parts: GuestParts): string[] {
  const { layout } = parts
  return [
    ...['uid', String(parts.uid), 'gid', String(parts.gid)],
    ...(plan.image === null
      ? [...layout.links.flatMap(([path, target]) => ['link', path, target]), 'folder', '/run']
      : // Sockets of an image's services lie in its /run, and nothing else that is needed.
        ['image', 'root', ...filesOf(parts.files), 'empty', '/run']),
    ...[...inMemory('/tmp'), ...inMemory('/var/tmp')],
    ...parts.shares.flatMap(wordsOf),
    ...(plan.limits.processes === null ? [] : ['processes', String(plan.limits.processes)]),
    // Which of them there are is for the machine's own kernel to say, not for this one's.
    ...PROC_READ_ONLY.flatMap((name) => ['guard', `/proc/${name}`]),
    ...PROC_HIDDEN.flatMap((name) => ['hide', `/proc/${name}`]),
    ...Object.entries(parts.env).flatMap(([name, value]) => ['env', `${name}=${value}`]),
    ...(parts.isObserved ? ['observed', plan.workspace] : []),
    ...(parts.hasProbe ? ['probe', 'try'] : []),
    ...['cwd', plan.workspace],
    ...parts.argv.flatMap((word) => ['arg', word]),
  ]
}

const filesOf = (files: GuestParts['files']): string[] =>
  Object.entries(files).flatMap(([path, content]) => ['file', path, content])

function wordsOf({ tag, path, access, pieces }: Share): string[] {
  if (pieces)
    return [
      ...['aside', tag, access],
      ...pieces.flatMap((piece) => ['piece', tag, piece.path, piece.access]),
    ]
  // Where it lies in a share, the share comes first and shows it as well.
  return ['share', tag, path, access, access === 'read' ? 'loose' : 'mmap']
}
