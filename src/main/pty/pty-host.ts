import { setTimeout as sleep } from 'node:timers/promises'
import { connectParent } from './parent-link.ts'
import { ClientMessage } from './pty-messages.ts'
import { Terminals } from './terminals.ts'

const STOP_MS = 3000

const parent = await connectParent()
const terminals = new Terminals((message) => parent.send(message))

/** Nobody is left to watch or to answer: nothing may go on running. */
function leaveAtOnce(): void {
  terminals.killAll()
  process.exit(0)
}

async function stop(): Promise<void> {
  terminals.killAll()
  for (const until = Date.now() + STOP_MS; terminals.liveCount > 0 && Date.now() < until; )
    await sleep(20)
  process.exit(0)
}

parent.onGone(leaveAtOnce)
parent.onMessage((raw) => {
  const parsed = ClientMessage.safeParse(raw)
  // A bug of the host's; ending here would end every session with it.
  if (!parsed.success) return console.error('a message was passed over', parsed.error.message)
  const message = parsed.data
  if (message.t === 'ping') parent.send({ t: 'pong' })
  else if (message.t === 'stop') void stop()
  else terminals.handle(message)
})

// Ctrl-C in the terminal that Cloche was started from reaches the whole group; the parent decides.
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)
process.on('SIGTERM', () => void stop())
