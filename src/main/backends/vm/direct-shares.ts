import type { PlanInput } from '../../core/isolation/plan.ts'
import { isWithin } from '../../core/within.ts'
import type { FileEntry } from '../files/entries.ts'
import { onMachine } from '../files/on-machine.ts'
import type { Share } from './guest-plan.ts'

/** Folders that QEMU takes from where they are on this computer, and what a machine gets as copies. */
export interface DirectShares {
  readonly shares: readonly Share[]
  /** Single files, which cannot be shared without their folder: path inside and on this computer. */
  readonly copies: readonly { readonly path: string; readonly source: string }[]
  /** A file that would have to be written; null: there is none. */
  readonly refused: string | null
}

type Wanted = Omit<Share, 'tag'> & { readonly source: string }

/**
 * Pure: what a machine is given where the sandbox around it has no mounts, as on macOS: each folder by its
 * source. What is read-only, hidden or closed below one is so by the profile around QEMU. `home`: the folder
 * on this computer that is the home inside.
 */
export function directShares(
  plan: PlanInput,
  entries: readonly FileEntry[],
  home: string,
  isFile: (path: string) => boolean,
): DirectShares {
  const outside = entries.filter(({ path }) => !isWithin(path, plan.workspace))
  const wanted: Wanted[] = [
    { path: plan.home, source: home, access: 'write' },
    { path: plan.workspace, source: onMachine(plan, plan.workspace), access: 'write' },
    ...plan.mounts.map(({ source, target, access }): Wanted => ({ path: target, source, access })),
    // What is hidden of the person's is not there at all.
    ...outside
      .filter(({ access }) => access === 'write' || access === 'read')
      .map(
        ({ path, access }): Wanted => ({
          ...{ path, source: path },
          access: access === 'write' ? 'write' : 'read',
        }),
      ),
  ]
  const files = wanted.filter(({ source }) => isFile(source))
  const shares: Wanted[] = []
  for (const next of wanted
    .filter((each) => !files.includes(each))
    .sort((a, b) => a.path.length - b.path.length)) {
    const around = shares.findLast(({ path }) => isWithin(next.path, path))
    const isShown =
      around !== undefined &&
      around.source + next.path.slice(around.path.length) === next.source &&
      (around.access === 'write' || around.access === next.access)
    if (!isShown) shares.push(next)
  }
  return {
    shares: shares.map((share, i) => ({ ...share, tag: `share${i}` })),
    copies: files.map(({ path, source }) => ({ path, source })),
    refused: files.find(({ access }) => access === 'write')?.path ?? null,
  }
}
