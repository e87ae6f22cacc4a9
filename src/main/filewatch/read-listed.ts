import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { WhyNotKnown } from '../../shared/domain/manifest.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { ManifestRow, ReadListed } from '../core/file-port.ts'
import { type OpenFolder, openFolder, partsOf, within } from '../disk/open-folder.ts'

/** As much as a recording keeps of a file that changed. */
const MOST_BYTES = 1024 * 1024

/**
 * An agent may have put anything in the file's place, and may do so while it is read. So every folder on the
 * way is held open, no link is followed, nothing but a plain file is read, and what is open has to be the
 * listed file before and after. No program sets the time of the last change (ctime).
 */
export const readListed: ReadListed = async (folder, row, now) => {
  const names = partsOf(now)
  if (!names) return err('gone')
  const top = await openFolder(folder).catch(() => null)
  if (!top) return err('no_workspace')
  try {
    const last = names.pop() ?? ''
    const read = await within(top, names, (inner) => readIn(inner, last, row))
    return read ?? err('gone')
  } catch {
    // Nobody may read it, or not any more.
    return err('gone')
  } finally {
    await top.close()
  }
}

async function readIn(
  folder: OpenFolder,
  name: string,
  row: ManifestRow,
): Promise<Result<Uint8Array, WhyNotKnown>> {
  const found = await folder.look(name)
  if (!found) return err('gone')
  // Looked at before it is opened: to open a pipe or a device may already do something.
  if (!isSame(found, row)) return err('changed')
  if (row.bytes > MOST_BYTES) return err('too_large')
  const file = await folder.read(name)
  if (!file) return err('changed')
  try {
    return await readOpen(file, row)
  } finally {
    await file.close()
  }
}

async function readOpen(
  file: FileHandle,
  row: ManifestRow,
): Promise<Result<Uint8Array, WhyNotKnown>> {
  if (!isSame(await file.stat({ bigint: true }), row)) return err('changed')
  const bytes = Buffer.alloc(row.bytes)
  let at = 0
  while (at < bytes.length) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, at)
    if (bytesRead === 0) return err('changed')
    at += bytesRead
  }
  return isSame(await file.stat({ bigint: true }), row) ? ok(bytes) : err('changed')
}

const isSame = (info: BigIntStats, row: ManifestRow): boolean =>
  info.isFile() &&
  String(info.ino) === row.inode &&
  info.size === BigInt(row.bytes) &&
  String(info.ctimeNs) === row.ctimeNs &&
  String(info.mtimeNs) === row.mtimeNs
