import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { which } from './run.mjs'
import { say } from './say.mjs'

const CHROMIUM_FAMILY = [
  'google-chrome',
  'google-chrome-stable',
  'chromium',
  'chromium-browser',
  'microsoft-edge',
  'brave-browser',
]

/** Absolute path of a browser of the Chromium family; null when there is none. */
export const findChromium = () => CHROMIUM_FAMILY.map(which).find((path) => path !== null) ?? null

/** Opens a one-time link: Chromium-family in app mode, else the default browser, else said. */
export function openLink(link) {
  const isRoot = process.getuid?.() === 0
  const hasDisplay =
    process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
  if (hasDisplay && !isRoot) {
    const browser = findChromium()
    if (browser) {
      const profile = mkdtempSync(join(tmpdir(), 'cloche-browser-'))
      return start(browser, [`--app=${link}`, `--user-data-dir=${profile}`, '--no-first-run'])
    }
    const opener = process.platform === 'darwin' ? 'open' : which('xdg-open')
    if (opener) return start(opener, [link])
  }
  say('open the link above in a browser on this machine.')
}

function start(program, args) {
  const child = spawn(program, args, { detached: true, stdio: 'ignore' })
  child.on('error', () => say('open the link above in a browser on this machine.'))
  child.unref()
}
