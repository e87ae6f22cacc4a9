import { ipcMain, type IpcMainEvent, MessageChannelMain, type WebContents } from 'electron'
import { PORT_MESSAGE, REQUEST_PORT } from '../../shared/rpc/transport.ts'
import type { HostProcess } from './host-process.ts'
import { ORIGIN } from './protocol.ts'

/**
 * Authenticates the connection, not the call: only the top frame of our own page in one of our own
 * windows gets a port, a fresh one each time it asks (after a reload, after a crash).
 */
export function answerPortRequests(
  isOurs: (contents: WebContents) => boolean,
  host: () => HostProcess | null,
): void {
  ipcMain.on(REQUEST_PORT, (event) => {
    const running = host()
    if (!running || !isTrusted(event, isOurs)) return
    const { port1, port2 } = new MessageChannelMain()
    running.handOver(port1)
    event.senderFrame?.postMessage(PORT_MESSAGE, null, [port2])
  })
}

function isTrusted(event: IpcMainEvent, isOurs: (contents: WebContents) => boolean): boolean {
  const frame = event.senderFrame
  if (!frame || frame.parent !== null || !isOurs(event.sender)) return false
  try {
    const url = new URL(frame.url)
    return `${url.protocol}//${url.host}` === ORIGIN
  } catch {
    return false
  }
}
