import type { LeftOut, ReviewChange, ReviewLook } from '../../shared/domain/review.ts'
import { isWithin } from '../core/within.ts'
import { type Base, type BaseRow, markOf } from './base.ts'
import { guardOf } from './guards.ts'
import { type OpenFolder, partsOf } from '../disk/open-folder.ts'
import { isSame, lookAt, markOfSide, seenOf, type Side } from './side.ts'
import { walkTree } from './walk-tree.ts'

export interface Sides {
  /** The folders' tops. */
  readonly copy: OpenFolder
  readonly real: OpenFolder
  readonly base: Base
  /** A stand-in of ours at this path of the workspace, which is nobody's change. */
  readonly isOurs: (path: string) => boolean
}

/** At once: more is read by nobody, and has to go over the wire. */
const MOST_CHANGES = 2000
const MOST_PATH_CHARACTERS = 300_000
const MOST_ENTRIES = 1_000_000
const MOST_BYTES_READ = 8 * 1024 ** 3
const LEFT_OUT_TOLD = 100

/** Where a folder took a file’s place, or a file that of a folder around it, the file is gone. */
export const fileOf = (side: Side): Side =>
  side.kind === 'folder' || side.kind === 'cut' ? { kind: 'absent' } : side

/** What no file of a copy takes the place of. */
export const isNoFile = ({ kind }: Side): boolean =>
  kind === 'folder' || kind === 'other' || kind === 'cut'

/** What applying a path would do; null: nothing. */
export function changeOf(
  path: string,
  inCopy: Side,
  real: Side,
  base: BaseRow | undefined,
): ReviewChange | null {
  const copy = fileOf(inCopy)
  if (isSame(copy, real)) return null
  if (copy.kind !== 'file' && copy.kind !== 'link' && copy.kind !== 'absent') return null
  // There is nothing of the person's that could be deleted as a file.
  if (copy.kind === 'absent' && isNoFile(real)) return null
  const target = copy.kind === 'link' ? copy.target : null
  const kind = copy.kind === 'absent' ? real.kind : copy.kind
  return {
    path,
    change: copy.kind === 'absent' ? 'deleted' : real.kind === 'absent' ? 'added' : 'changed',
    kind: kind === 'link' ? 'link' : 'file',
    bytes: copy.kind === 'file' ? copy.bytes : null,
    target,
    isExecutable: copy.kind === 'file' && copy.isExecutable,
    isConflict: base ? markOfSide(real) !== base.real : real.kind !== 'absent',
    guard: guardOf(path, target),
    seen: seenOf(copy, real),
  }
}

/** Everything that differs, both sides read. What the copy holds is hostile: see `OpenFolder`. */
export async function compareSides(sides: Sides): Promise<ReviewLook> {
  const { copy, real, base } = sides
  const met = new Set<string>()
  const candidates: string[] = []
  const leftOut: LeftOut[] = []
  let leftOutCount = 0
  let entries = 0
  const left = (out: LeftOut): void => {
    leftOutCount++
    // A pipe that stands where a file was has not deleted it.
    closed.push(out.path)
    if (leftOut.length < LEFT_OUT_TOLD) leftOut.push(out)
  }
  const closed: string[] = []
  const sawAll = await walkTree(copy, {
    entry: async (folder, { name }, path) => {
      met.add(path)
      const info = await folder.look(name)
      if (info && base.get(path)?.copy !== markOf(info) && !sides.isOurs(path))
        candidates.push(path)
      return ++entries < MOST_ENTRIES
    },
    left,
  })
  if (sawAll) {
    const shut = new Set(closed)
    for (const path of base.keys()) if (!met.has(path) && !liesIn(path, shut)) candidates.push(path)
  }
  candidates.sort(inOrder)

  const changes: ReviewChange[] = []
  let characters = 0
  let bytes = 0
  let isWhole = sawAll
  for (const path of candidates) {
    if (
      changes.length >= MOST_CHANGES ||
      characters > MOST_PATH_CHARACTERS ||
      bytes > MOST_BYTES_READ
    ) {
      isWhole = false
      break
    }
    const names = partsOf(path)
    if (!names) continue
    const [inCopy, inReal] = [await lookAt(copy, names), await lookAt(real, names)]
    for (const side of [inCopy, inReal]) if (side.kind === 'file') bytes += side.bytes
    if (inCopy.kind === 'large' || inCopy.kind === 'unreadable') {
      left({ path, why: inCopy.kind })
      continue
    }
    const change = changeOf(path, inCopy, inReal, base.get(path))
    if (!change) continue
    changes.push(change)
    characters += path.length + (change.target?.length ?? 0)
  }
  return { changes, isWhole, leftOut, leftOutCount }
}

/** Packages come last: there are many of them, and people look for what was written. */
const inOrder = (a: string, b: string): number => {
  const isPackage = (path: string): boolean => /(^|\/)(node_modules|\.git)\//.test(path)
  return Number(isPackage(a)) - Number(isPackage(b)) || (a < b ? -1 : 1)
}

function liesIn(path: string, folders: ReadonlySet<string>): boolean {
  if (folders.size === 0) return false
  if (folders.size < 16) return [...folders].some((folder) => isWithin(path, folder))
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1))
    if (folders.has(path.slice(0, end))) return true
  return false
}
