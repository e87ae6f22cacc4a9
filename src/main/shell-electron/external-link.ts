import { type BrowserWindow, dialog, shell } from 'electron'

const MAX_SHOWN = 300
let isAsking = false

/**
 * A link of the page opens in the person's own browser, web addresses only, and only after a
 * dialog that the page cannot draw showed where it really leads. One question at a time.
 */
export async function askToOpen(window: BrowserWindow | null, address: string): Promise<void> {
  const url = parseWebAddress(address)
  if (!url || !window || isAsking) return
  isAsking = true
  try {
    const { response } = await dialog.showMessageBox(window, {
      type: 'question',
      message: `Open ${url.host} in your browser?`,
      detail: url.href.length > MAX_SHOWN ? `${url.href.slice(0, MAX_SHOWN)}…` : url.href,
      buttons: ['Cancel', 'Open'],
      defaultId: 0,
      cancelId: 0,
    })
    if (response === 1) await shell.openExternal(url.href)
  } finally {
    isAsking = false
  }
}

function parseWebAddress(address: string): URL | null {
  try {
    const url = new URL(address)
    const isWeb = url.protocol === 'https:' || url.protocol === 'http:'
    return isWeb && url.username === '' && url.password === '' ? url : null
  } catch {
    return null
  }
}
