import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ContentHash } from '../../shared/domain/file-changes.ts'
import type { ContentStore } from '../core/file-port.ts'
import { CONTENTS_FOLDER } from './event-log.ts'

const COPIES = 'copies'

/** `<folder>/<session>/contents/`: a file for each content, named by its SHA-256. */
export function createContentStore(folder: string): ContentStore {
  const contents = (id: string): string => join(folder, id, CONTENTS_FOLDER)
  const copies = (id: string): string => join(contents(id), COPIES)
  return {
    open: async (id) => {
      await mkdir(copies(id), { recursive: true, mode: 0o700 })
      return copies(id)
    },
    take: async (id, copy, blot) => {
      const path = join(copies(id), copy)
      const found = await readFile(path).catch(() => null)
      if (!found) return null
      const bytes = blot(found)
      const hash = hashOf(bytes)
      const target = join(contents(id), hash)
      if (!(await stat(target).catch(() => null))) {
        // Named last, so that a name always stands for all of its bytes.
        const part = `${target}.${copy}`
        await writeFile(part, bytes, { mode: 0o600 })
        await rename(part, target)
      }
      await unlink(path)
      return hash
    },
    close: (id) => rm(copies(id), { recursive: true, force: true }),
    read: async (id, hash) => {
      const bytes = await readFile(join(contents(id), hash)).catch(() => null)
      return bytes && hashOf(bytes) === hash ? bytes : null
    },
  }
}

const hashOf = (bytes: Uint8Array): ContentHash =>
  ContentHash.parse(createHash('sha256').update(bytes).digest('hex'))
