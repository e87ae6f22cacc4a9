import { type FileHandle, open, readFile } from 'node:fs/promises'

/** null: there is no such file. @throws for every other reason. */
export async function readOrNull(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path)
  } catch (cause) {
    if (isMissing(cause)) return null
    throw cause
  }
}

/** For reading. null: there is no such file. @throws for every other reason. */
export const openOrNull = (path: string): Promise<FileHandle | null> =>
  open(path, 'r').catch((cause: unknown) => {
    if (isMissing(cause)) return null
    throw cause
  })

export const isMissing = (cause: unknown): boolean =>
  (cause as NodeJS.ErrnoException).code === 'ENOENT'
