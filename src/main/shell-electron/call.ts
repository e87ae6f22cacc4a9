import { app, BrowserWindow, Notification } from 'electron'

/** A script that asks for a thousand hosts calls a person once. */
const PAUSE_MS = 10_000
const MAX_NAME = 60

/** The program inside chose its name: nothing of it may hide or reorder our words. */
const plain = (name: string): string =>
  name.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '·').slice(0, MAX_NAME)

/** Calls the person to a prompt while no window of ours has the focus. */
export function createCaller(): (name: string, wants: string) => void {
  let lastMs = -PAUSE_MS
  return (name, wants) => {
    if (BrowserWindow.getFocusedWindow() || !Notification.isSupported()) return
    const nowMs = performance.now()
    if (nowMs - lastMs < PAUSE_MS) return
    lastMs = nowMs
    const call = new Notification({
      title: 'A program asks',
      body: `“${plain(name)}” ${wants}. It waits.`,
    })
    call.on('click', () => {
      const [window] = BrowserWindow.getAllWindows()
      if (window?.isMinimized()) window.restore()
      app.focus({ steal: true })
      window?.focus()
    })
    call.show()
  }
}
