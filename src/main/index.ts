import { join } from 'node:path'
import { app, BrowserWindow, dialog, Menu, session } from 'electron'
import { createCaller } from './shell-electron/call.ts'
import { dropSwitches, hardenSession, lockContents } from './shell-electron/hardening.ts'
import { type HostProcess, startHostProcess } from './shell-electron/host-process.ts'
import { answerPortRequests } from './shell-electron/ports.ts'
import { serveRenderer } from './shell-electron/protocol.ts'
import { openWindow } from './shell-electron/window.ts'

const entries = import.meta.dirname
const dataDir = process.env.CLOCHE_DATA_DIR

dropSwitches(app)
// On macOS copy and paste are menu items; elsewhere the page's own keys are all there is.
Menu.setApplicationMenu(
  process.platform === 'darwin'
    ? Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }])
    : null,
)
// Chromium's own files stay apart from recordings and rules.
if (dataDir) app.setPath('userData', join(dataDir, 'electron'))

let host: HostProcess | null = null
let isAskingToQuit = false
let mayQuit = false

const open = (): BrowserWindow =>
  openWindow({
    preload: join(entries, '../preload/index.cjs'),
    icon: join(entries, '../../resources/icon.png'),
    stateDir: app.getPath('userData'),
  })

function startHost(): void {
  host = startHostProcess({
    entries,
    env: process.env,
    onFailed: (sentence) => {
      dialog.showErrorBox('Cloche cannot start', sentence)
      mayQuit = true
      app.quit()
    },
    onLost: () => void offerRestart(),
    onPrompt: createCaller(),
  })
}

/** Every sandbox died with the host; nothing is restarted behind the person's back. */
async function offerRestart(): Promise<void> {
  host = null
  const { response } = await dialog.showMessageBox({
    type: 'error',
    message: 'The session host ended unexpectedly.',
    detail: 'Every session it ran has ended with it. Recordings are kept up to that moment.',
    buttons: ['Start it again', 'Quit'],
    defaultId: 0,
    cancelId: 1,
  })
  if (response === 0) {
    startHost()
    // What a window asked for while there was no host is lost with it; it asks anew.
    for (const window of BrowserWindow.getAllWindows()) window.webContents.reload()
    return
  }
  mayQuit = true
  app.quit()
}

/** Ends everything first; a person decides when something still runs, or may. */
async function quit(): Promise<void> {
  if (isAskingToQuit) return
  isAskingToQuit = true
  const isAgreed = await mayEndSessions()
  isAskingToQuit = false
  if (!isAgreed) {
    if (BrowserWindow.getAllWindows().length === 0) open()
    return
  }
  mayQuit = true
  await host?.stop()
  // Nothing is left to ask: a page that does not answer must not keep the application open.
  app.exit(0)
}

async function mayEndSessions(): Promise<boolean> {
  if (!host || process.env.CLOCHE_QUIT_WITHOUT_ASKING) return true
  const live = await host.countLive()
  if (live === 0) return true
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message:
      live === null
        ? 'The session host does not answer; sessions may still be running.'
        : `${live === 1 ? 'One session is' : `${live} sessions are`} still running.`,
    detail: 'Quitting ends them. Their recordings are kept.',
    buttons: ['Cancel', 'Stop and quit'],
    defaultId: 0,
    cancelId: 0,
  })
  return response === 1
}

if (!app.requestSingleInstanceLock()) app.quit()
else {
  app.on('second-instance', () => {
    const [window] = BrowserWindow.getAllWindows()
    if (window?.isMinimized()) window.restore()
    window?.focus()
  })
  app.on('web-contents-created', (_event, contents) => lockContents(contents))
  app.on('before-quit', (event) => {
    if (mayQuit) return
    event.preventDefault()
    void quit()
  })
  app.on('window-all-closed', () => app.quit())
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) open()
  })
  void app.whenReady().then(() => {
    hardenSession(session.defaultSession)
    serveRenderer(session.defaultSession, join(entries, '../renderer'))
    startHost()
    answerPortRequests(
      (contents) => BrowserWindow.getAllWindows().some((window) => window.webContents === contents),
      () => host,
    )
    open()
  })
}
