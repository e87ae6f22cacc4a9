import { open, realpath, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './event-writer.ts'

let lastNumber = 0

/** What a written file outlives: this process, or the machine's power as well. */
export type Survives = 'crash' | 'power-cut'

/**
 * The file is the old one or the new one at every moment, also across what it survives. A link is
 * followed, so that settings kept elsewhere stay there.
 */
export async function replaceFile(
  path: string,
  text: string | Uint8Array,
  survives: Survives = 'power-cut',
): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const temporary = `${target}.${process.pid}-${++lastNumber}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      if (survives === 'power-cut') await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
  if (survives === 'power-cut') await syncFolder(dirname(target))
}
