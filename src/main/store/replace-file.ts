import { open, realpath, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './event-writer.ts'

let lastNumber = 0

/**
 * The file is the old one or the new one at every moment, also across a power cut. A link is
 * followed, so that settings kept elsewhere stay there.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const temporary = `${target}.${process.pid}-${++lastNumber}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
  await syncFolder(dirname(target))
}
