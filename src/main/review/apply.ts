import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  type FileHandle,
  lchown,
  link,
  mkdir,
  open,
  rename,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises'
import type { RefusedChange, ReviewChoice, ReviewOutcome } from '../../shared/domain/review.ts'
import { markOf } from './base.ts'
import { changeOf, fileOf, isNoFile, type Sides } from './compare.ts'
import { type OpenFolder, partsOf, within } from '../disk/open-folder.ts'
import { lookAt, lookIn, markOfSide, readSide, type Side } from './side.ts'

type Refusal = Pick<RefusedChange, 'why' | 'detail'>

/** What is not applied, and why; everything else of the same choice goes on. */
class NotApplied extends Error {
  readonly refusal: Refusal
  constructor(why: Refusal['why'], detail = '') {
    super(detail)
    this.refusal = { why, detail }
  }
}

const BLOCKED = 'A link, or something else than a folder, stands on the way to it.'

/**
 * Brings what was chosen from the copy into the real folder, one path after the other, each whole or
 * not at all. What differs from what the person saw is left as it is. `sides.base` knows afterwards
 * what was applied.
 */
export async function applyChoices(
  sides: Sides,
  choices: readonly ReviewChoice[],
): Promise<ReviewOutcome> {
  const applied: string[] = []
  const refused: RefusedChange[] = []
  for (const choice of await inOrder(sides, choices))
    try {
      await applyOne(sides, choice)
      applied.push(choice.path)
    } catch (cause) {
      const refusal = cause instanceof NotApplied ? cause.refusal : failedBy(cause)
      refused.push({ path: choice.path, ...refusal })
    }
  return { applied, refused }
}

/** The machine's own words, without the way to an open folder that stands in them. */
function failedBy(cause: unknown): Refusal {
  if (!(cause instanceof Error) || !('code' in cause)) throw cause
  return { why: 'blocked', detail: (cause.message.split(',')[0] ?? '').slice(0, 200) }
}

/** What is deleted goes first, and what lies deeper before: a file may come where a folder was. */
async function inOrder(
  { copy }: Sides,
  choices: readonly ReviewChoice[],
): Promise<readonly ReviewChoice[]> {
  const deleted: ReviewChoice[] = []
  const brought: ReviewChoice[] = []
  for (const choice of choices) {
    const names = partsOf(choice.path)
    const isGone = names && fileOf(await briefly(copy, names)).kind === 'absent'
    ;(isGone ? deleted : brought).push(choice)
  }
  return [...deleted.sort((a, b) => (a.path < b.path ? 1 : -1)), ...brought]
}

/** Whether something is there; what it holds is read when its turn comes. */
async function briefly(top: OpenFolder, names: readonly string[]): Promise<Side> {
  const info = await within(top, names.slice(0, -1), (folder) => folder.look(names.at(-1)!)).catch(
    () => null,
  )
  return info && !info.isDirectory() ? { kind: 'other' } : { kind: 'absent' }
}

async function applyOne(sides: Sides, choice: ReviewChoice): Promise<void> {
  const names = partsOf(choice.path)
  if (!names) throw new NotApplied('blocked', 'It is no path below the folder.')
  const side = await lookAt(sides.copy, names)
  const real = await lookAt(sides.real, names)
  judge(sides, choice, side, real)
  if (fileOf(side).kind === 'absent') return remove(sides, choice, names)
  const done = await within(
    sides.real,
    names.slice(0, -1),
    (folder) => bring(sides, choice, { names, side, folder }),
    makeFolder,
  )
  if (!done) throw new NotApplied('blocked', BLOCKED)
}

/** As any new folder of whoever has the one around it. */
async function makeFolder(parent: OpenFolder, name: string): Promise<void> {
  await mkdir(parent.at(name), { mode: 0o777 })
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await parent.info()
  await lchown(parent.at(name), Number(uid), Number(gid))
}

/** @throws {NotApplied} unless the two sides are what the person saw, and all of it was agreed to. */
function judge({ base }: Sides, choice: ReviewChoice, copy: Side, real: Side): void {
  const change = changeOf(choice.path, copy, real, base.get(choice.path))
  if (!change || change.seen !== choice.seen) throw new NotApplied('changed-since')
  if (change.guard !== null && !choice.isTicked) throw new NotApplied('guarded')
  if (change.isConflict && !choice.overwrites) throw new NotApplied('conflict')
  if (isNoFile(real))
    throw new NotApplied('blocked', real.kind === 'folder' ? 'A folder stands there.' : BLOCKED)
}

async function remove(
  sides: Sides,
  { path }: ReviewChoice,
  names: readonly string[],
): Promise<void> {
  await within(sides.real, names.slice(0, -1), (folder) => unlink(folder.at(names.at(-1)!)))
  sides.base.delete(path)
  // Folders that the copy has no more go with the last that lay in them.
  for (let depth = names.length - 1; depth > 0; depth--) {
    const parents = names.slice(0, depth - 1)
    const name = names[depth - 1]!
    const inCopy = await within(sides.copy, parents, (folder) => folder.look(name))
    if (inCopy?.isDirectory()) return
    const isGone = await within(sides.real, parents, (folder) =>
      rmdir(folder.at(name)).then(
        () => true,
        () => false,
      ),
    )
    if (!isGone) return
  }
}

interface Bringing {
  readonly names: readonly string[]
  /** The copy's, as it was judged. */
  readonly side: Side
  /** Of the real side, in which it comes to lie. */
  readonly folder: OpenFolder
}

async function bring(
  sides: Sides,
  choice: ReviewChoice,
  { names, side, folder }: Bringing,
): Promise<true> {
  const name = names.at(-1)!
  const made = `.cloche-review-${randomBytes(8).toString('hex')}`
  try {
    const brought =
      side.kind === 'link'
        ? await symlink(side.target, folder.at(made)).then(() => side)
        : await write(sides.copy, names, folder, made)
    // The copy may be written while it is read, and the folder as well: what counts is what was read.
    const real = await lookIn(folder, name)
    judge(sides, choice, brought, real)
    await dress(folder, made, brought, real)
    // A link to a name that exists fails; what appeared there just now is not overwritten.
    if (real.kind === 'absent') {
      await link(folder.at(made), folder.at(name))
      await unlink(folder.at(made))
    } else await rename(folder.at(made), folder.at(name))
    const now = await folder.look(name)
    const copy = markOfSide(brought)
    if (now && copy) sides.base.set(choice.path, { path: choice.path, real: markOf(now), copy })
    return true
  } finally {
    await unlink(folder.at(made)).catch(() => undefined)
  }
}

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** Writes the copy's file beside where it comes to lie. What it was is what was read. */
async function write(
  copy: OpenFolder,
  names: readonly string[],
  folder: OpenFolder,
  made: string,
): Promise<Side> {
  const file = await within(copy, names.slice(0, -1), (inner) => inner.read(names.at(-1)!))
  if (!file) throw new NotApplied('changed-since')
  let target: FileHandle | null = null
  try {
    const opened = await open(folder.at(made), NEW, 0o600)
    target = opened
    const side = await readSide(file, (part) => opened.writeFile(part))
    await opened.datasync()
    return side
  } finally {
    await target?.close()
    await file.close()
  }
}

/**
 * The rights and the owner of what it replaces; a new one is like any new file of this user. Nothing
 * brought is set-user-ID, and only what the copy has as a program is one.
 */
async function dress(folder: OpenFolder, made: string, brought: Side, real: Side): Promise<void> {
  if (brought.kind !== 'file') return
  const file = await open(folder.at(made), constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const own = real.kind === 'file' ? Number(real.info.mode & 0o666n) : 0o666 & ~process.umask()
    // Whoever may read it may run it.
    await file.chmod(own | (brought.isExecutable ? (own & 0o444) >> 2 : 0))
    if (process.getuid?.() === 0) {
      const { uid, gid } = real.kind === 'file' ? real.info : await folder.info()
      await lchown(folder.at(made), Number(uid), Number(gid))
    }
  } finally {
    await file.close()
  }
}
