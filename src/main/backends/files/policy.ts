import { lstat, realpath } from 'node:fs/promises'
import { relative } from 'node:path'
import picomatch from 'picomatch'
import type { PlanInput } from '../../core/isolation/plan.ts'
import { isWithin } from '../../core/within.ts'
import { type FileEntry, type FilePolicy, RefusedPath } from './entries.ts'
import { insideOf, onMachine, refuseLinks } from './on-machine.ts'
import { protectWorkspace } from './protected.ts'
import { looksSecret } from '../../core/secret-names.ts'
import { type Walk, walkFolder } from './walk.ts'

/** Each is a mount of its own. */
const MAX_ENTRIES = 2000

/**
 * What is mounted below and beside the workspace: the boundary's own protections, then the
 * person's rules. A rule for exactly the path of a protection replaces it.
 * In a review all of it is looked for in the copy. Paths are those of the inside; `isHeld` is asked
 * about paths of the machine.
 * @throws {RefusedPath} naming the path that cannot be held as asked.
 */
export async function readFilePolicy(
  plan: PlanInput,
  isHeld: (path: string) => boolean,
): Promise<FilePolicy> {
  const { copy, workspace } = plan
  if (copy === null) return readAt(plan, workspace, isHeld)
  try {
    const { entries, gaps } = await readAt(plan, copy, isHeld)
    await refuseLinks(
      copy,
      entries.map(({ path }) => path),
    )
    return {
      entries: entries.map((entry) => ({ ...entry, path: insideOf(plan, entry.path) })),
      gaps: gaps.map((gap) => gap.replaceAll(copy, workspace)),
    }
  } catch (cause) {
    if (!(cause instanceof RefusedPath)) throw cause
    throw new RefusedPath(insideOf(plan, cause.path), cause.message)
  }
}

/** `workspace`: where it is on this machine; paths are the machine's. */
async function readAt(
  plan: PlanInput,
  workspace: string,
  isHeld: (path: string) => boolean,
): Promise<FilePolicy> {
  if ((await realpath(workspace)) !== workspace)
    throw new RefusedPath(workspace, 'The workspace was moved or replaced by a link.')
  const patterns = plan.files.filter((rule) => rule.isPattern)
  const looksDeep = plan.maskSecrets || patterns.length > 0
  const walk = await walkFolder(workspace, {
    enter: (path) => !path.endsWith('/.git') && (looksDeep || !path.endsWith('/node_modules')),
    wants: (name) => looksDeep || name === '.git',
  })
  const plain = plan.files
    .filter((rule) => !rule.isPattern)
    .map((rule) => ({
      ...rule,
      path: onMachine(plan, rule.path),
      asked: onMachine(plan, rule.asked),
    }))
  const named = new Set(plain.flatMap((rule) => [rule.path, rule.asked]))
  const own = await protectWorkspace(workspace, walk, {
    isHeld,
    isNamed: (path) => named.has(path),
  })
  const asked = [
    ...(await plainEntries(plain, workspace)),
    ...patternEntries(patterns, walk, (path) => insideOf(plan, path)),
    ...(plan.maskSecrets ? secretEntries(workspace, walk) : []),
    ...socketEntries(walk),
  ]
  const entries = settle([...own.entries, ...asked])
  if (entries.length > MAX_ENTRIES)
    throw new RefusedPath(
      workspace,
      `The rules meet ${entries.length} files and folders, more than ${MAX_ENTRIES}. Use narrower patterns.`,
    )
  return { entries, gaps: own.gaps }
}

const RANK = { deny: 4, mask: 3, read: 2, write: 1, pin: 0 } as const

/**
 * One entry for each path, the stricter one; nothing below what is hidden; folders before what
 * lies in them. The order of the rules does not matter.
 */
export function settle(entries: readonly FileEntry[]): FileEntry[] {
  const strictest = new Map<string, FileEntry>()
  for (const entry of entries) {
    const other = strictest.get(entry.path)
    if (!other || RANK[entry.access] > RANK[other.access]) strictest.set(entry.path, entry)
  }
  const settled: FileEntry[] = []
  /** Those that hold the one looked at, the innermost last. */
  const around: FileEntry[] = []
  for (const entry of [...strictest.values()].sort(byPath)) {
    while (around.length > 0 && !isWithin(entry.path, around.at(-1)!.path)) around.pop()
    const outer = around.at(-1)?.access
    if (outer === 'deny' || outer === 'mask') continue
    // In a read-only folder nothing can be renamed or made, so nothing needs to be held there.
    if (outer === 'read' && (entry.access === 'pin' || entry.absent !== null)) continue
    settled.push(entry)
    around.push(entry)
  }
  return settled
}

/** A folder sorts before its contents whatever characters the names hold. */
const byPath = (a: FileEntry, b: FileEntry): number => {
  const left = `${a.path}/`.replaceAll('/', '\0')
  const right = `${b.path}/`.replaceAll('/', '\0')
  return left < right ? -1 : left > right ? 1 : 0
}

async function plainEntries(rules: PlanInput['files'], workspace: string): Promise<FileEntry[]> {
  const entries: FileEntry[] = []
  for (const { path, access } of rules) {
    const info = await lstat(path).catch(() => null)
    if (info?.isDirectory() || info?.isFile()) {
      const kind = info.isDirectory() ? 'folder' : 'file'
      entries.push({ path, kind, access, origin: 'person', absent: null })
    } else if (info) throw new RefusedPath(path, 'It is neither a file nor a folder.')
    else if (!isWithin(path, workspace)) throw new RefusedPath(path, 'It is gone.')
    else if (access === 'read')
      entries.push({ path, kind: 'folder', access, origin: 'person', absent: 'folder' })
    // What does not exist in the workspace has nothing to hide, and can be made anyway.
  }
  return entries
}

/** `shown`: a pattern is the inside's, and what it is compared with as well. */
function patternEntries(
  rules: PlanInput['files'],
  walk: Walk,
  shown: (path: string) => string,
): FileEntry[] {
  if (rules.length === 0) return []
  refuseHalfSeen(walk)
  const entries: FileEntry[] = []
  for (const { path, access } of rules) {
    const matches = picomatch(path, { dot: true })
    const add = (kind: FileEntry['kind'], paths: readonly string[]): void => {
      for (const found of paths)
        if (matches(shown(found)))
          entries.push({ path: found, kind, access, origin: 'person', absent: null })
    }
    add('file', walk.files)
    add('folder', walk.folders)
  }
  return entries
}

const secretEntries = (workspace: string, walk: Walk): FileEntry[] => {
  refuseHalfSeen(walk)
  return walk.files
    .filter((path) => looksSecret(relative(workspace, path)))
    .map((path) => ({ path, kind: 'file', access: 'mask', origin: 'person', absent: null }))
}

/** A rule that would hold for part of a workspace only is worse than none. */
function refuseHalfSeen({ isWhole, unreadable }: Walk): void {
  if (!isWhole)
    throw new RefusedPath(
      '**',
      'The workspace holds too many files for patterns. Name the paths instead.',
    )
  const [first] = unreadable
  if (first !== undefined)
    throw new RefusedPath(first, 'Its name is no text, so no pattern can be compared with it.')
}

/** A program of the machine answers there; inside nothing does. */
const socketEntries = ({ sockets }: Walk): FileEntry[] =>
  sockets.map((path) => ({
    path,
    kind: 'file',
    access: 'deny',
    origin: 'boundary',
    absent: null,
  }))
