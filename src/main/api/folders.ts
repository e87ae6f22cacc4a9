import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Folder, FolderError } from '../../shared/contract/api.ts'
import { err, ok, type Result } from '../../shared/result.ts'

const MAX_FOLDERS = 2000

/** Sub-folders for the workspace picker: hidden ones last, links to folders included. */
export async function listFolder(path: string): Promise<Result<Folder, FolderError>> {
  let canonical: string
  try {
    canonical = await realpath(path)
    if (!(await stat(canonical)).isDirectory()) return err({ type: 'not_folder', path })
  } catch {
    return err({ type: 'missing', path })
  }
  let entries: { name: string; isFolder: boolean }[]
  try {
    const found = await readdir(canonical, { withFileTypes: true })
    entries = await Promise.all(
      found.map(async (entry) => ({
        name: entry.name,
        isFolder:
          entry.isDirectory() ||
          (entry.isSymbolicLink() &&
            (await stat(join(canonical, entry.name)).catch(() => null))?.isDirectory() === true),
      })),
    )
  } catch {
    return err({ type: 'unreadable', path: canonical })
  }
  const names = entries.filter((entry) => entry.isFolder).map((entry) => entry.name)
  names.sort((a, b) => Number(a.startsWith('.')) - Number(b.startsWith('.')) || a.localeCompare(b))
  return ok({
    path: canonical,
    parent: canonical === '/' ? null : dirname(canonical),
    folders: names.slice(0, MAX_FOLDERS).map((name) => ({ name, path: join(canonical, name) })),
  })
}
