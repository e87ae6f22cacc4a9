import { lstat, mkdir, readFile, rmdir, unlink, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { DocumentStore, Log } from '../../core/ports.ts'
import { type FileEntry, type Neutral, RefusedPath } from './entries.ts'

export const HeldPath = z.strictObject({
  path: z.string(),
  neutral: z.enum(['folder', 'empty-file', 'own-common-folder']),
})
export type HeldPath = z.infer<typeof HeldPath>

const CONTENT: Readonly<Record<Exclude<Neutral, 'folder'>, string>> = {
  'empty-file': '',
  'own-common-folder': '.\n',
}

/**
 * Stand-ins for protected paths that do not exist: a mount needs something to cover. git does not
 * list empty folders. Each is taken away when the last session that needs it ends, or at the next
 * start, and only while it is still as it was made: what somebody put there is theirs and stays.
 */
export interface Placeholders {
  isHeld(path: string): boolean
  /**
   * Makes what is absent. The caller releases exactly once.
   * @throws {RefusedPath} when something appeared there meanwhile.
   */
  hold(entries: readonly FileEntry[]): Promise<() => Promise<void>>
  /** Takes away what a crash left behind. Once, before the first `hold`. */
  sweep(): Promise<void>
}

export function createPlaceholders(
  document: Pick<DocumentStore<HeldPath[]>, 'save'>,
  left: readonly HeldPath[],
  log: Log,
): Placeholders {
  const held = new Map<string, { readonly neutral: Neutral; holders: number }>()
  let last: Promise<unknown> = Promise.resolve()
  /** One change at a time: two sessions of one workspace start and end independently. */
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const next = last.then(change, change)
    last = next.catch(() => undefined)
    return next
  }
  const save = (): Promise<void> =>
    document.save([...held].map(([path, { neutral }]) => ({ path, neutral })))

  const release = async (paths: readonly string[]): Promise<void> => {
    const free: HeldPath[] = []
    for (const path of paths) {
      const item = held.get(path)
      if (!item) continue
      item.holders--
      if (item.holders === 0) free.push({ path, neutral: item.neutral })
    }
    // What lies in a folder goes before the folder.
    for (const item of free.sort((a, b) => b.path.length - a.path.length)) {
      await takeAway(item, log)
      held.delete(item.path)
    }
    if (free.length > 0) await save()
  }

  const make = async (entries: readonly FileEntry[], taken: string[]): Promise<void> => {
    const absent: HeldPath[] = []
    for (const { path, absent: neutral } of entries) {
      if (neutral === null) continue
      const item = held.get(path)
      if (item) item.holders++
      else {
        held.set(path, { neutral, holders: 1 })
        absent.push({ path, neutral })
      }
      taken.push(path)
    }
    // Known on disk before it exists: a crash between the two leaves nothing unknown behind.
    if (absent.length > 0) await save()
    await Promise.all(absent.map(putThere))
  }

  return {
    isHeld: (path) => held.has(path),
    hold: (entries) =>
      inTurn(async () => {
        const taken: string[] = []
        try {
          await make(entries, taken)
        } catch (cause) {
          await release(taken)
          throw cause
        }
        return () => inTurn(() => release(taken))
      }),
    sweep: () =>
      inTurn(async () => {
        if (left.length === 0) return
        for (const item of [...left].sort((a, b) => b.path.length - a.path.length))
          await takeAway(item, log)
        await save()
      }),
  }
}

async function putThere({ path, neutral }: HeldPath): Promise<void> {
  try {
    if (neutral === 'folder') await mkdir(path, { mode: 0o755 })
    else await writeFile(path, CONTENT[neutral], { flag: 'wx', mode: 0o644 })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null
    if (code === 'EEXIST')
      throw new RefusedPath(path, 'It was made by somebody just now. Start again.')
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
      throw new RefusedPath(
        path,
        'It does not exist and may not be made, so it cannot be kept from being made inside.',
      )
    throw cause
  }
}

/** Removing a folder fails while anything is in it, so nothing of anybody's can be lost. */
async function takeAway({ path, neutral }: HeldPath, log: Log): Promise<void> {
  try {
    const info = await lstat(path)
    if (neutral === 'folder') {
      if (info.isDirectory()) await rmdir(path)
    } else if (info.isFile() && info.size === CONTENT[neutral].length) {
      if ((await readFile(path, 'utf8')) === CONTENT[neutral]) await unlink(path)
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY')
      log.warn(`the stand-in at ${path} could not be taken away`, cause)
  }
}
