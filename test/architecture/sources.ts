import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

export const REPO = resolve(import.meta.dirname, '../..')

const SKIPPED = new Set(['node_modules', 'out', '.git', '.cache', 'test-results'])

/** Every file below a folder, as a path from the repository's root. */
export function filesBelow(folder: string, endings: readonly string[]): string[] {
  const found: string[] = []
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue
      const child = join(path, entry.name)
      if (entry.isDirectory()) visit(child)
      else if (endings.some((ending) => entry.name.endsWith(ending)))
        found.push(relative(REPO, child))
    }
  }
  visit(join(REPO, folder))
  return found
}

export const textOf = (path: string): string => readFileSync(join(REPO, path), 'utf8')
