import { createServer, type Server } from 'node:net'

/**
 * Runs for a moment inside a sandbox's network namespace: listens on its loopback, hands the
 * listening socket to the host over the message channel, and exits. argv: host port.
 */
const [host = '127.0.0.1', port = '3128'] = process.argv.slice(2)

/** The sandbox's loopback comes up while bubblewrap still builds; a short wait is normal. */
const GIVE_UP_MS = 5000
const started = Date.now()

function listen(): void {
  const server: Server = createServer()
  server.once('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EADDRNOTAVAIL' && Date.now() - started < GIVE_UP_MS) setTimeout(listen, 10)
    else {
      process.stderr.write(`${cause.message}\n`)
      process.exit(1)
    }
  })
  server.listen(Number(port), host, () => {
    process.send?.('proxy', server, {}, (error) => {
      if (error) process.exit(1)
      process.send?.({ done: true, reason: '' }, () => process.exit(0))
    })
  })
}

listen()
