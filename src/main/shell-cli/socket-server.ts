import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { LIMITS } from '../../shared/rpc/frames.ts'
import type { Transport } from '../../shared/rpc/transport.ts'
import { streamTransport } from './stream-transport.ts'

/** Longer paths cannot be bound. */
const MOST_PATH_BYTES = 100
const NAME = 'host.sock'
/** Where the socket is, when it could not be in the data folder. */
const PLACE = 'host.sock.path'

export interface CommandLineShell {
  close(): Promise<void>
}

/**
 * The socket that `cloche` talks to. It lies in a folder that only this user may enter, and that no
 * sandbox shows: whoever reaches it is the person, or what the person runs unconfined.
 */
export async function serveCommandLine(
  dataDir: string,
  accept: (transport: Transport) => void,
): Promise<CommandLineShell> {
  const own = join(dataDir, NAME)
  const path =
    Buffer.byteLength(own) <= MOST_PATH_BYTES
      ? own
      : join(await mkdtemp(join(tmpdir(), 'cloche-')), NAME)
  await rm(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    accept(streamTransport(socket, LIMITS.frameBytes))
  })
  await new Promise<void>((done, failed) => {
    server.once('error', failed)
    server.listen(path, () => done())
  })
  await chmod(path, 0o600)
  if (path !== own) await writeFile(join(dataDir, PLACE), path, { mode: 0o600 })
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((done) => server.close(() => done()))
      if (path === own) return
      await rm(dirname(path), { recursive: true, force: true })
      await rm(join(dataDir, PLACE), { force: true })
    },
  }
}

/** Where the host of this data folder listens, if it runs. */
export const commandLineSocket = (dataDir: string): Promise<string> =>
  readFile(join(dataDir, PLACE), 'utf8').catch(() => join(dataDir, NAME))
