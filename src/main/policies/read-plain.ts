import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileRefusal } from '../../shared/domain/policy-formats.ts'
import { err, ok, type Result } from '../../shared/result.ts'

export interface PlainFile {
  readonly sizeBytes: number
  readonly text: () => Promise<string>
}

/**
 * A file below a folder, for as long as `read` takes. `root`: canonical. No link is followed below it, nothing is waited
 * for, and what is larger than `mostBytes` is not read.
 */
export async function withPlainFile<T>(
  root: string,
  below: string,
  mostBytes: number,
  read: (file: PlainFile) => Promise<T>,
): Promise<Result<T, FileRefusal>> {
  const path = join(root, below)
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    return err(
      REFUSALS[String(cause instanceof Error && 'code' in cause && cause.code)] ?? UNREADABLE,
    )
  }
  try {
    const info = await file.stat()
    if ((await realpath(path)) !== path) return err('link')
    if (!info.isFile()) return err(UNREADABLE)
    if (info.size > mostBytes) return err('large')
    return ok(await read({ sizeBytes: info.size, text: () => file.readFile('utf8') }))
  } catch {
    return err(UNREADABLE)
  } finally {
    await file.close()
  }
}

const UNREADABLE: FileRefusal = 'unreadable'
const REFUSALS: Readonly<Record<string, FileRefusal>> = {
  ...{ ENOENT: 'gone', ENOTDIR: 'gone', ELOOP: 'link' },
}
