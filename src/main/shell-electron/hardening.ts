import { type App, BrowserWindow, type Session, type WebContents } from 'electron'
import { askToOpen } from './external-link.ts'
import { ORIGIN } from './protocol.ts'

/** Command-line switches that would take a packaged Cloche apart. */
const FORBIDDEN_SWITCHES = [
  'remote-debugging-port',
  'remote-debugging-pipe',
  'load-extension',
  'disable-web-security',
  'js-flags',
  'inspect',
  'inspect-brk',
]

/**
 * Packaged builds only: tests and developers drive an unpackaged one through these. Chromium reads
 * `no-sandbox` before any of our code runs, so dropping it is too late and the start is refused.
 */
export function dropSwitches(app: App): void {
  if (!app.isPackaged) return
  if (app.commandLine.hasSwitch('no-sandbox')) {
    console.error('cloche: --no-sandbox would open the window without Chromium’s own sandbox.')
    app.exit(2)
  }
  for (const name of FORBIDDEN_SWITCHES) app.commandLine.removeSwitch(name)
}

/** No permission is ever granted, and nothing is loaded that does not come from the app itself. */
export function hardenSession(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, callback) =>
    callback(isOwnClipboard(contents, permission)),
  )
  session.setPermissionCheckHandler((contents, permission) => isOwnClipboard(contents, permission))
  session.setDevicePermissionHandler(() => false)
  session.setDisplayMediaRequestHandler((_request, callback) => callback({}))
  session.webRequest.onBeforeRequest((details, callback) => {
    const isOwn = details.url.startsWith(`${ORIGIN}/`) || details.url.startsWith('data:')
    callback({ cancel: !isOwn && !details.url.startsWith('devtools:') })
  })
}

/**
 * Copying what a person selected is the one thing the page may do; a terminal's own clipboard
 * sequences never reach it, because the page does not handle them.
 */
const isOwnClipboard = (contents: WebContents | null, permission: string): boolean =>
  permission === 'clipboard-sanitized-write' &&
  contents !== null &&
  contents.getURL().startsWith(`${ORIGIN}/`)

/** A window shows our one page and never anything else. */
export function lockContents(contents: WebContents): void {
  contents.setWindowOpenHandler(({ url }) => {
    void askToOpen(BrowserWindow.fromWebContents(contents), url)
    return { action: 'deny' }
  })
  for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate'] as const)
    contents.on(event as 'will-navigate', (details) => {
      // A reload of the page itself, whatever it shows, is not a way out.
      if (details.url.split('#', 1)[0] !== `${ORIGIN}/`) details.preventDefault()
    })
  contents.on('will-attach-webview', (event) => event.preventDefault())
}
