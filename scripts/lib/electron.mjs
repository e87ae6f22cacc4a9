import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { read, run } from './run.mjs'
import { say } from './say.mjs'
import { ROOT } from './prepare.mjs'

const FETCH_MS = 180_000
const PROGRESS_MS = 20_000
const RETRY_MS = 24 * 3600_000
const FAILED = join(ROOT, 'node_modules/.cloche-electron-failed')

/** Path of an Electron binary that is there now; null otherwise. */
export function findElectron() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
  if (override) return existing(join(override, binaryName()))
  const home = join(ROOT, 'node_modules/electron')
  try {
    return existing(join(home, 'dist', readFileSync(join(home, 'path.txt'), 'utf8')))
  } catch {
    return null
  }
}

const existing = (path) => (existsSync(path) ? path : null)
const binaryName = () =>
  ({ darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' })[process.platform] ??
  'electron'

/**
 * Fetches the binary with the electron package's own installer. A failure is remembered for a day,
 * so that the next start is quick; `isForced` tries anyway.
 */
export async function fetchElectron(isForced) {
  if (!isForced && failedLately()) return null
  say('fetching Electron (about 100 MB, once)')
  const installer = join(ROOT, 'node_modules/electron/install.js')
  const started = Date.now()
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000)
    say(`still fetching after ${seconds} s; given up at ${FETCH_MS / 1000} s`)
  }, PROGRESS_MS)
  const code = await run(process.execPath, [installer], {
    stdio: ['ignore', 'ignore', 'ignore'],
    timeout: FETCH_MS,
    killSignal: 'SIGKILL',
  })
  clearInterval(progress)
  const found = code === 0 ? findElectron() : null
  if (!found) {
    mkdirSync(join(ROOT, 'node_modules'), { recursive: true })
    writeFileSync(FAILED, 'fetching Electron failed; remove this file or pass --fetch-electron\n')
  }
  return found
}

/** Fetching was tried within a day and failed. */
export function failedLately() {
  const info = statSync(FAILED, { throwIfNoEntry: false })
  return info !== undefined && Date.now() - info.mtimeMs < RETRY_MS
}

/**
 * Why a window cannot be opened here although Electron is there; null when it can. `isSandboxed`:
 * with Chromium's own sandbox, which only a person may give up.
 */
export function windowObstacle({ isSandboxed }) {
  if (process.platform !== 'linux') return null
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return 'there is no display'
  if (isSandboxed && process.getuid?.() === 0)
    return "you are root, and Electron's own sandbox does not run as root"
  if (isSandboxed && !hasUserNamespaces() && !hasSetuidHelper())
    return "this system refuses user namespaces, and Electron's own sandbox needs them"
  return null
}

/** Ubuntu 24.04, for one, grants them only to programs it knows. */
const hasUserNamespaces = () => read('unshare', ['--user', '--map-root-user', 'true']) !== null

function hasSetuidHelper() {
  const electron = findElectron()
  const helper = electron && join(dirname(electron), 'chrome-sandbox')
  const info = helper ? statSync(helper, { throwIfNoEntry: false }) : undefined
  return info !== undefined && info.uid === 0 && (info.mode & 0o4000) !== 0
}
