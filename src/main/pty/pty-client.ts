import { err, ok } from '../../shared/result.ts'
import type { Log, ProcessStarter } from '../core/ports.ts'
import type { PtyEvents, PtyHost } from '../core/terminal-port.ts'
import { HEARTBEAT, type Heartbeat, PtyConnection } from './pty-connection.ts'

const MAX_RESTARTS = 5
/** Restarts longer ago than this are forgiven. */
const FORGIVE_MS = 60 * 60 * 1000
const SPAWN_MS = 10_000
const TEXT_MS = 2000
const STOP_MS = 5000

export interface PtyClientOptions {
  readonly starter: ProcessStarter
  readonly events: PtyEvents
  readonly log: Log
  readonly heartbeat?: Heartbeat
}

/**
 * Supervises the PTY host: started with the first terminal, killed when it no longer answers,
 * started again with the next terminal after it was lost, at most five times an hour.
 */
export function createPtyClient(options: PtyClientOptions): PtyHost {
  const { starter, events, log } = options
  const losses: number[] = []
  let connection: PtyConnection | null = null
  let ended: () => void = () => undefined
  let isStopping = false

  const connect = (): PtyConnection | null => {
    if (connection || isStopping) return connection
    const now = performance.now()
    while (losses[0] !== undefined && now - losses[0] > FORGIVE_MS) losses.shift()
    if (losses.length > MAX_RESTARTS) return null
    const started = new PtyConnection({
      port: starter.start('pty-host'),
      events,
      log,
      heartbeat: options.heartbeat ?? HEARTBEAT,
      lost: () => {
        connection = null
        ended()
        if (isStopping) return
        losses.push(performance.now())
        log.error(`the PTY host was lost with ${started.terminals.size} terminals`)
        events.lost()
      },
    })
    connection = started
    return started
  }

  return {
    spawn: async (spawn) => {
      const current = connect()
      if (!current)
        return err({ detail: 'the PTY host ended too often; restart Cloche to try again' })
      if (current.terminals.has(spawn.terminal))
        return err({ detail: 'there is such a terminal already' })
      current.terminals.add(spawn.terminal)
      const answer = await current.ask((request) => ({ t: 'spawn', request, spawn }), SPAWN_MS)
      if (answer?.t === 'spawned') return ok({ pid: answer.pid })
      current.terminals.delete(spawn.terminal)
      // Late is as bad as never: nothing may run that nobody knows of.
      if (!answer) current.send({ t: 'kill', terminal: spawn.terminal })
      return err({
        detail: answer?.t === 'refused' ? answer.detail : 'the PTY host did not answer',
      })
    },
    // A view would carry the whole frame it points into to the other process.
    write: (terminal, bytes) => connection?.send({ t: 'write', terminal, bytes: bytes.slice() }),
    resize: (terminal, { cols, rows }) =>
      connection?.send({ t: 'resize', terminal, size: { cols, rows } }),
    attach: (terminal, viewer) => {
      const current = connection
      if (!current?.terminals.has(terminal)) return null
      const number = current.addViewer(viewer)
      current.send({ t: 'attach', terminal, viewer: number })
      return {
        drawn: (offset) => current.send({ t: 'drawn', terminal, viewer: number, offset }),
        close: () => {
          current.removeViewer(number)
          current.send({ t: 'detach', terminal, viewer: number })
        },
      }
    },
    text: async (terminal) => {
      const answer = await connection?.ask((request) => ({ t: 'text', request, terminal }), TEXT_MS)
      return answer?.t === 'text' ? answer.text : ''
    },
    kill: (terminal) => connection?.send({ t: 'kill', terminal }),
    release: (terminal) => {
      connection?.terminals.delete(terminal)
      connection?.send({ t: 'release', terminal })
    },
    stop: async () => {
      const current = connection
      isStopping = true
      if (!current) return
      const gone = new Promise<void>((resolve) => {
        ended = resolve
      })
      const timer = setTimeout(() => current.kill(), STOP_MS)
      current.send({ t: 'stop' })
      await gone
      clearTimeout(timer)
    },
  }
}
