import { constants } from 'node:fs'
import { access, chmod, lstat, mkdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { err, ok, type Result } from '../../shared/result.ts'

/** Everything Cloche keeps. Folders are 0700, files 0600. */
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

const OTHERS = 0o077
const OTHERS_WRITE = 0o022

/**
 * Where this platform keeps an application's data, unless the person chose a folder. Relative
 * values of the variables are ignored, as the XDG specification demands.
 */
export function defaultDataDir(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): string {
  const home = env.HOME ?? homedir()
  const absolute = (value: string | undefined, otherwise: string): string =>
    value && isAbsolute(value) ? value : otherwise
  if (env.CLOCHE_DATA_DIR && isAbsolute(env.CLOCHE_DATA_DIR)) return env.CLOCHE_DATA_DIR
  if (platform === 'darwin') return join(home, 'Library/Application Support/Cloche')
  if (platform === 'win32')
    return join(absolute(env.LOCALAPPDATA, join(home, 'AppData/Local')), 'Cloche')
  return join(absolute(env.XDG_DATA_HOME, join(home, '.local/share')), 'cloche')
}

/**
 * Makes the folder and its parts. Refuses one that another user owns, prepared as a link, or can
 * write to. One that others can only read is closed to them: recordings hold what a terminal showed.
 */
export async function openDataDir(path: string): Promise<Result<DataDir, DataDirError>> {
  const dir: DataDir = {
    root: path,
    recordings: join(path, 'recordings'),
    homes: join(path, 'homes'),
    logs: join(path, 'logs'),
  }
  for (const folder of Object.values(dir) as string[]) {
    const detail = await prepare(folder)
    if (detail !== null) return err({ type: 'state_unwritable', path: folder, detail })
  }
  return ok(dir)
}

/** null: the folder is ours alone and writable. */
async function prepare(folder: string): Promise<string | null> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const link = await lstat(folder)
    const target = await stat(folder)
    if (!target.isDirectory()) return 'it is not a folder'
    if (process.getuid) {
      const user = process.getuid()
      if (link.uid !== user) return 'it belongs to another user'
      if (target.uid !== user) return 'it leads to a folder of another user'
      if (target.mode & OTHERS_WRITE) return 'other users can write to it'
      if (target.mode & OTHERS) await chmod(folder, 0o700)
    }
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return null
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}
