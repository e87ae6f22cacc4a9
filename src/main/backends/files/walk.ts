import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'

/** Enough for large repositories; a walk of so many entries takes about a second. */
const MAX_ENTRIES = 500_000
/** Folders read at one time. */
const WIDTH = 32

/** What lies below a folder. Links are listed as such and not followed. */
export interface Walk {
  readonly files: readonly string[]
  readonly folders: readonly string[]
  readonly links: readonly string[]
  /** Programs of the machine listen on them. */
  readonly sockets: readonly string[]
  /** A folder that holds names which are no text: they cannot be compared with a pattern. */
  readonly unreadable: readonly string[]
  /** False when the walk gave up at its limit. */
  readonly isWhole: boolean
}

export interface WalkOptions {
  /** Which folders are looked into. */
  readonly enter: (path: string) => boolean
  /** Which files are listed, by their name. */
  readonly wants: (name: string) => boolean
}

/** What cannot be read is unreadable inside as well. */
export async function walkFolder(root: string, { enter, wants }: WalkOptions): Promise<Walk> {
  const files: string[] = []
  const folders: string[] = []
  const links: string[] = []
  const sockets: string[] = []
  const unreadable: string[] = []
  let count = 0
  const sort = (folder: string, entry: Dirent): void => {
    if (entry.isFile() && !wants(entry.name)) return
    const path = `${folder}/${entry.name}`
    if (entry.name.includes('\uFFFD')) unreadable.push(path)
    else if (entry.isDirectory()) folders.push(path)
    else if (entry.isSymbolicLink()) links.push(path)
    else if (entry.isSocket()) sockets.push(path)
    else if (entry.isFile()) files.push(path)
  }
  let pending = [root]
  while (pending.length > 0 && count < MAX_ENTRIES) {
    const batch = pending.splice(-WIDTH)
    const before = folders.length
    const listings = await Promise.all(
      batch.map((folder) => readdir(folder, { withFileTypes: true }).catch(() => [])),
    )
    listings.forEach((entries, index) => {
      count += entries.length
      for (const entry of entries) sort(batch[index]!, entry)
    })
    pending = pending.concat(folders.slice(before).filter(enter))
  }
  return { files, folders, links, sockets, unreadable, isWhole: pending.length === 0 }
}
