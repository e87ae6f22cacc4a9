import { constants } from 'node:fs'
import { access, lstat, mkdir, realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { err, ok, type Result } from '../../shared/result.ts'

export interface DataDir {
  readonly root: string
  readonly recordings: string
  readonly homes: string
  readonly logs: string
}

export interface DataDirError {
  readonly type: 'state_unwritable'
  readonly path: string
  readonly detail: string
}

/** Where this platform keeps an application's data, unless the person chose a folder. */
export function defaultDataDir(env: Readonly<Record<string, string | undefined>>): string {
  if (env.CLOCHE_DATA_DIR) return env.CLOCHE_DATA_DIR
  const home = env.HOME ?? homedir()
  if (process.platform === 'darwin') return join(home, 'Library/Application Support/Cloche')
  if (process.platform === 'win32')
    return join(env.LOCALAPPDATA ?? join(home, 'AppData/Local'), 'Cloche')
  return join(env.XDG_DATA_HOME ?? join(home, '.local/share'), 'cloche')
}

/** Makes the folder and its parts, private to this user; refuses one that others can write. */
export async function openDataDir(path: string): Promise<Result<DataDir, DataDirError>> {
  const refuse = (detail: string) => err({ type: 'state_unwritable' as const, path, detail })
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const root = await realpath(path)
    const info = await lstat(root)
    if (!info.isDirectory()) return refuse('it is not a folder')
    if (process.getuid && info.uid !== process.getuid()) return refuse('it belongs to another user')
    if ((info.mode & 0o022) !== 0) return refuse('other users can write to it')
    await access(root, constants.W_OK)
    const parts = {
      root,
      recordings: join(root, 'recordings'),
      homes: join(root, 'homes'),
      logs: join(root, 'logs'),
    }
    for (const part of [parts.recordings, parts.homes, parts.logs])
      await mkdir(part, { recursive: true, mode: 0o700 })
    return ok(parts)
  } catch (cause) {
    return refuse((cause as Error).message)
  }
}
