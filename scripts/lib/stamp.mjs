import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A digest of files and folders: names and contents, so a checkout's times do not matter. */
export function digest(root, paths) {
  const hash = createHash('sha256')
  const add = (path) => {
    const info = statSync(join(root, path), { throwIfNoEntry: false })
    if (!info) return
    if (info.isDirectory())
      for (const name of readdirSync(join(root, path)).sort()) add(join(path, name))
    else hash.update(`${path}\0`).update(readFileSync(join(root, path)))
  }
  for (const path of paths) add(path)
  return hash.digest('hex')
}

/** The stamp file says that the work was done for this digest. */
export function isDone(stampFile, value) {
  try {
    return readFileSync(stampFile, 'utf8') === value
  } catch {
    // Never done, or undone.
    return false
  }
}

/** Runs `work` unless the stamp file says it was done for the same digest. */
export async function once(stampFile, value, work) {
  if (isDone(stampFile, value)) return
  await work()
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, value)
}
