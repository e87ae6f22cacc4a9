import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { z } from 'zod'
import { ListedFile } from '../../shared/domain/manifest.ts'
import type { Manifest, ManifestStore } from '../core/file-port.ts'
import { replaceFile } from './replace-file.ts'

// `<folder>/<session>/manifest.gz`: lines of JSON, the first about all of it, then one for each file. The
// checksum is gzip's own.

const FILE = 'manifest.gz'
const VERSION = 1
/** More than as many files as are listed can have names for. */
const MOST_BYTES = 256 * 1024 * 1024

const Head = z.strictObject({
  version: z.literal(VERSION),
  folder: z.string(),
  settledNs: z.string().regex(/^\d+$/),
  hasSecrets: z.boolean(),
  isWhole: z.boolean(),
})
/** Path, kind, bytes, inode, ctime, mtime. */
const Row = z.tuple([
  z.string(),
  ListedFile.shape.kind,
  z.number(),
  z.string(),
  z.string(),
  z.string(),
])

export function createManifestStore(folder: string): ManifestStore {
  return {
    write: async (id, { rows, ...head }, blot) => {
      const lines = [
        { version: VERSION, ...head },
        ...rows.map((row) => [row.path, row.kind, row.bytes, row.inode, row.ctimeNs, row.mtimeNs]),
      ]
      const text = lines.map((line) => JSON.stringify(line)).join('\n')
      await replaceFile(join(folder, id, FILE), await squeeze(blot(Buffer.from(text))), 'crash')
    },
    read: async (id) => {
      try {
        const squeezed = await readFile(join(folder, id, FILE))
        const bytes = await open(squeezed, { maxOutputLength: MOST_BYTES })
        return decode(bytes.toString('utf8').split('\n'))
      } catch {
        return null
      }
    },
  }
}

const squeeze = promisify<Uint8Array, Buffer>(gzip)
const open = promisify(gunzip)

/** Throws for what is no manifest of ours. */
function decode([first = '', ...others]: readonly string[]): Manifest {
  const { version: _, ...head } = Head.parse(JSON.parse(first))
  const rows = others.map((line) => {
    const [path, kind, bytes, inode, ctimeNs, mtimeNs] = Row.parse(JSON.parse(line))
    return { path, kind, bytes, inode, ctimeNs, mtimeNs }
  })
  return { ...head, rows }
}
