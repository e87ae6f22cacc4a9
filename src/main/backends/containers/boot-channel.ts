import { createServer, type Socket } from 'node:net'
import { parseReport } from '../probe-canaries.ts'

/**
 * The line between this host and the first process of a container: variables and the word to start
 * go in, the probe's report comes out, and its end is the end of the container. See
 * native/container-init.c.
 */
export interface BootChannel {
  /** Whether that process is there; only it ever gets in. */
  isConnected(): boolean
  /** null as long as the report is not complete. */
  report(): ReadonlyMap<string, string> | null
  release(): void
  /** Ends the container, whatever its engine does. Further calls do nothing. */
  close(): void
}

const MOST_REPORT = 64 * 1024

/** Rejects when the socket cannot be made. `variables`: handed over as NAME=VALUE. */
export async function openBootChannel(
  path: string,
  variables: readonly string[],
): Promise<BootChannel> {
  let peer: Socket | null = null
  let text = ''
  const server = createServer((socket) => {
    // The agent can see the path later; by then nobody listens there.
    server.close()
    if (peer) return void socket.destroy()
    peer = socket
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      if (text.length < MOST_REPORT) text += bytes.toString('utf8')
    })
    const words = Buffer.from(variables.map((item) => `${item}\0`).join(''))
    const size = Buffer.alloc(4)
    size.writeUInt32BE(words.length)
    socket.write(Buffer.concat([size, words]))
  })
  await new Promise<void>((listening, refused) => {
    server.once('error', refused)
    server.listen(path, listening)
  })
  return {
    isConnected: () => peer !== null,
    report: () => parseReport(text),
    release: () => peer?.write('go\n'),
    close: () => {
      server.close()
      peer?.destroy()
    },
  }
}
