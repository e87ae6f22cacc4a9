import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { markOf } from './base.ts'
import { type OpenFolder, within } from '../disk/open-folder.ts'

/** Larger files are neither compared nor applied. */
export const MOST_FILE_BYTES = 1024 ** 3

/** What stands at a path of one side, as far as a review knows such things. */
export type Side =
  | { readonly kind: 'absent' | 'folder' }
  /** Something else; `cut`: on the way to it stands something else than a folder. */
  | { readonly kind: 'other' | 'cut' }
  | { readonly kind: 'large' | 'unreadable'; readonly mark: string }
  | {
      readonly kind: 'file'
      readonly mark: string
      readonly bytes: number
      readonly hash: string
      readonly isExecutable: boolean
      /** Owner and rights, for what takes its place. */
      readonly info: BigIntStats
    }
  | { readonly kind: 'link'; readonly mark: string; readonly target: string }

const ANY_EXECUTE = 0o111n

export const isExecutable = ({ mode }: BigIntStats): boolean => (mode & ANY_EXECUTE) !== 0n

/** Reads a file to its end. `take`: is given each part before the next is read. */
export async function hashOf(
  file: FileHandle,
  take: (part: Uint8Array) => Promise<unknown> = () => Promise.resolve(),
): Promise<{ readonly hash: string; readonly bytes: number } | 'large'> {
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(256 * 1024)
  let bytes = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, bytes)
    if (bytesRead === 0) return { hash: hash.digest('hex'), bytes }
    bytes += bytesRead
    // A program may write faster than anybody reads.
    if (bytes > MOST_FILE_BYTES) return 'large'
    const part = buffer.subarray(0, bytesRead)
    hash.update(part)
    await take(part)
  }
}

/** What stands at these names below `top`, its content read. No link is followed. */
export async function lookAt(top: OpenFolder, names: readonly string[]): Promise<Side> {
  const side = await within(top, names.slice(0, -1), (folder) => lookIn(folder, names.at(-1) ?? ''))
  if (side) return side
  return (await isNothingThere(top, names)) ? { kind: 'absent' } : { kind: 'cut' }
}

/** Where a folder on the way is missing, nothing stands at the end of it. */
async function isNothingThere(top: OpenFolder, names: readonly string[]): Promise<boolean> {
  for (let count = 1; count < names.length; count++) {
    const found = await within(top, names.slice(0, count - 1), (folder) =>
      folder.look(names[count - 1]!).then((info) => ({ info })),
    )
    if (!found) return false
    if (found.info === null) return true
    if (!found.info.isDirectory()) return false
  }
  return false
}

export async function lookIn(folder: OpenFolder, name: string): Promise<Side> {
  const info = await folder.look(name)
  if (!info) return { kind: 'absent' }
  if (info.isSymbolicLink())
    return { kind: 'link', mark: markOf(info), target: await folder.target(name) }
  if (info.isDirectory()) return { kind: 'folder' }
  if (!info.isFile()) return { kind: 'other' }
  if (info.size > MOST_FILE_BYTES) return { kind: 'large', mark: markOf(info) }
  const file = await folder.read(name).catch(() => 'unreadable' as const)
  if (file === 'unreadable') return { kind: 'unreadable', mark: markOf(info) }
  if (!file) return { kind: 'other' }
  try {
    return await readSide(file)
  } finally {
    await file.close()
  }
}

/** A plain file that is open. Its mark is from before it was read. */
export async function readSide(
  file: FileHandle,
  take?: (part: Uint8Array) => Promise<unknown>,
): Promise<Side> {
  const info = await file.stat({ bigint: true })
  const read = await hashOf(file, take)
  return read === 'large'
    ? { kind: 'large', mark: markOf(info) }
    : {
        ...{ kind: 'file', mark: markOf(info), info, isExecutable: isExecutable(info) },
        ...read,
      }
}

/** What a person sees of a side, and what has to be the same still when it is applied. */
const shown = (side: Side): readonly unknown[] => {
  switch (side.kind) {
    case 'file':
      return [side.kind, side.hash, side.isExecutable]
    case 'link':
      return [side.kind, side.target]
    case 'large':
    case 'unreadable':
      return [side.kind, side.mark]
    case 'absent':
    case 'folder':
    case 'other':
    case 'cut':
      return [side.kind]
  }
}

export const isSame = (a: Side, b: Side): boolean =>
  JSON.stringify(shown(a)) === JSON.stringify(shown(b))

/** Stands for both sides as they are. */
export const seenOf = (copy: Side, real: Side): string =>
  createHash('sha256')
    .update(JSON.stringify([shown(copy), shown(real)]))
    .digest('hex')

/** null: there is nothing that could be marked. */
export const markOfSide = (side: Side): string | null => ('mark' in side ? side.mark : null)
