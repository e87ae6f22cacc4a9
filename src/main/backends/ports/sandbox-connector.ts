// Runs in a sandbox's network, outside its file system and its process table: opens connections to
// ports inside when its parent asks, and hands each over. Entry of its own; never imported.
import { connect, type Socket } from 'node:net'
import { z } from 'zod'

const CONNECT_MS = 2000

const Wanted = z.object({ id: z.number(), port: z.number() })

process.on('message', (message) => {
  const { id, port } = Wanted.parse(message)
  void open(port).then(
    (socket) => process.send?.({ id }, socket),
    (cause: unknown) => process.send?.({ id, error: String(cause) }),
  )
})
process.on('disconnect', () => process.exit(0))

/** Development servers listen on one family or the other, seldom on both. */
async function open(port: number): Promise<Socket> {
  try {
    return await connected('127.0.0.1', port)
  } catch {
    return connected('::1', port)
  }
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    // Not one byte is read here: what the server says first belongs to the parent.
    socket.pause()
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}
