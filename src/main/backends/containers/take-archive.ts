import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'

export interface Taken {
  readonly files: number
  readonly folders: number
  /** Links, devices and the like: nothing of them is made. */
  readonly leftOut: number
}

const MOST_DEPTH = 64
const MOST_LETTERS = 4096
/** It makes each itself, and follows none. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/**
 * Puts the files and folders of an archive that nobody vouches for into a folder that is there, is empty, and
 * that nobody else may write to. Links and devices are left out, no bit of a mode is taken over, nothing is
 * written twice, and a name that leads anywhere else ends it. Rejects with a sentence.
 */
export async function takeArchive(
  archive: AsyncIterable<Buffer>,
  folder: string,
  mostEntries: number,
): Promise<Taken> {
  const entries = extract()
  let [files, folders, leftOut] = [0, 0, 0]
  const take = async (): Promise<void> => {
    for await (const entry of entries) {
      if (files + folders + leftOut >= mostEntries)
        throw new Error(`It holds more than ${mostEntries.toLocaleString('en')} files and folders.`)
      const { type, name } = entry.header
      const parts = partsOf(name)
      if (type === 'directory') {
        await mkdir(join(folder, ...parts), { recursive: true })
        folders += parts.length > 0 ? 1 : 0
      } else if (type === 'file' && parts.length > 0) {
        await write(entry, join(folder, ...parts))
        files += 1
      } else leftOut += 1
      entry.resume()
    }
  }
  const taking = take()
  taking.catch((cause: Error) => entries.destroy(cause))
  await Promise.all([pipeline(Readable.from(archive), entries), taking])
  return { files, folders, leftOut }
}

async function write(entry: AsyncIterable<unknown>, path: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  const file = await open(path, NEW_FILE, 0o666)
  try {
    for await (const bytes of entry) if (bytes instanceof Uint8Array) await file.write(bytes)
  } finally {
    await file.close()
  }
}

/** Below the folder; none: the folder itself. */
function partsOf(name: string): string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  const isUsable =
    !name.startsWith('/') &&
    name.length <= MOST_LETTERS &&
    parts.length <= MOST_DEPTH &&
    // A control character in a name is meant for whoever lists it.
    !/\p{Cc}/u.test(name) &&
    !parts.includes('..')
  if (!isUsable)
    throw new Error(`One of its names is not taken: ${JSON.stringify(name.slice(0, 200))}`)
  return parts
}
