import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { PlanInput } from '../../core/isolation/plan.ts'
import { isWithin } from '../../core/within.ts'
import type { MachineLayout } from '../layout.ts'
import { type FileEntry, type FilePolicy, RefusedPath } from './entries.ts'

type Shown = Pick<PlanInput, 'workspace' | 'copy'>

/** Where a path of the inside is on this machine: in a review the workspace's is in the copy. */
export const onMachine = ({ workspace, copy }: Shown, path: string): string =>
  copy !== null && isWithin(path, workspace) ? copy + path.slice(workspace.length) : path

/** The other way. */
export const insideOf = ({ workspace, copy }: Shown, path: string): string =>
  copy !== null && isWithin(path, copy) ? workspace + path.slice(copy.length) : path

/**
 * A program of an earlier run may have put a link where a folder was: a mount of what lies below it
 * would show another part of this machine. `paths`: on this machine.
 * @throws {RefusedPath} naming the first that a link of the copy leads to.
 */
export async function refuseLinks(copy: string, paths: readonly string[]): Promise<void> {
  const inCopy = paths.filter((path) => path !== copy && isWithin(path, copy))
  for (const folder of new Set(inCopy.map((path) => dirname(path)))) {
    const real = await realpath(folder).catch(() => folder)
    if (real !== folder)
      throw new RefusedPath(folder, 'In the copy it is a link, and nothing behind one is let in.')
  }
}

/** The mounts by where they are on this machine, for who makes there what does not exist. */
export const heldEntries = (plan: Shown, { entries }: FilePolicy): FileEntry[] =>
  entries.map((entry) => ({ ...entry, path: onMachine(plan, entry.path) }))

/**
 * What no program inside can read or change, also our own stand-ins for what is not there; by where
 * it is on this machine.
 */
export const hiddenPaths = (plan: Shown, policy: FilePolicy): string[] =>
  heldEntries(plan, policy)
    .filter(
      ({ access, absent }) =>
        access === 'mask' || access === 'deny' || (absent !== null && access !== 'write'),
    )
    .map(({ path }) => path)

/** Folders of the machine that exist inside: nothing of a start may lie below one of them. */
export const visibleFolders = (
  plan: Pick<PlanInput, 'workspace' | 'copy' | 'mounts'>,
  { folders }: Pick<MachineLayout, 'folders'>,
  policy: FilePolicy,
): string[] => [
  onMachine(plan, plan.workspace),
  ...plan.mounts.map(({ source }) => source),
  ...heldEntries(plan, policy).map(({ path }) => path),
  ...folders,
]
