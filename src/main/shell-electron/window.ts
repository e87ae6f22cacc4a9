import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { app, BrowserWindow, dialog, type Rectangle } from 'electron'
import { ORIGIN } from './protocol.ts'

export interface WindowOptions {
  readonly preload: string
  readonly icon: string
  /** Where bounds are kept. */
  readonly stateDir: string
}

const FIRST_BOUNDS = { width: 1440, height: 900 }
/** A page that keeps crashing is not reloaded for ever. */
const MAX_RELOADS = 5
const RELOAD_WINDOW_MS = 60_000

export function openWindow({ preload, icon, stateDir }: WindowOptions): BrowserWindow {
  const boundsFile = join(stateDir, 'window.json')
  const window = new BrowserWindow({
    ...FIRST_BOUNDS,
    ...readBounds(boundsFile),
    minWidth: 720,
    minHeight: 480,
    title: 'Cloche',
    icon,
    show: false,
    backgroundColor: '#111317',
    autoHideMenuBar: true,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  })
  window.once('ready-to-show', () => window.show())
  window.on('page-title-updated', (event) => event.preventDefault())
  window.on('close', () => {
    try {
      writeFileSync(boundsFile, JSON.stringify(window.getNormalBounds()))
    } catch {
      // Bounds are a comfort; a full disk must not keep a window open.
    }
  })
  reloadAfterCrash(window)
  void window.loadURL(`${ORIGIN}/`)
  return window
}

function reloadAfterCrash(window: BrowserWindow): void {
  let crashes: number[] = []
  window.webContents.on('render-process-gone', () => {
    const now = Date.now()
    crashes = [...crashes.filter((at) => now - at < RELOAD_WINDOW_MS), now]
    if (crashes.length <= MAX_RELOADS) return reload(window)
    crashes = []
    void offerReload(window)
  })
}

function reload(window: BrowserWindow): void {
  // The address names the session that was shown, so the window comes back to it.
  const shown = window.webContents.getURL()
  void window.loadURL(shown.startsWith(`${ORIGIN}/`) ? shown : `${ORIGIN}/`)
}

/** Sessions run in the host and go on; only the view of them is gone until somebody asks for it. */
async function offerReload(window: BrowserWindow): Promise<void> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'error',
    message: 'The window crashed again and again.',
    detail: 'Sessions go on without it. Close the window to quit.',
    buttons: ['Load it again', 'Leave it'],
    defaultId: 0,
    cancelId: 1,
  })
  if (response === 0 && !window.isDestroyed()) reload(window)
}

function readBounds(file: string): Partial<Rectangle> {
  try {
    const parsed = JSON.parse(readFileSync(file, 'utf8')) as Partial<Rectangle>
    const values = [parsed.x, parsed.y, parsed.width, parsed.height]
    return values.every((value) => Number.isInteger(value)) ? parsed : {}
  } catch {
    return {}
  }
}
