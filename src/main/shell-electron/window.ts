import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { app, BrowserWindow, type Rectangle } from 'electron'
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
  const crashes: number[] = []
  window.webContents.on('render-process-gone', () => {
    crashes.push(Date.now())
    const recent = crashes.filter((at) => Date.now() - at < RELOAD_WINDOW_MS)
    // The address names the session that was shown, so the window comes back to it.
    const shown = window.webContents.getURL()
    const url = shown.startsWith(`${ORIGIN}/`) ? shown : `${ORIGIN}/`
    if (recent.length <= MAX_RELOADS) void window.loadURL(url)
  })
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
