import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { PermissionRequest } from '../../shared/domain/policy.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import type { Connection, RemoteTerminalViewer } from '../../shared/rpc/client.ts'
import { askInTerminal } from './ask-in-terminal.ts'
import { passOutput } from './recorded-output.ts'

/** Leaves a session that goes on: Ctrl+]. */
const LEAVE = 0x1d

const sizeOf = () => ({ cols: process.stdout.columns || 80, rows: process.stdout.rows || 24 })

export interface Attaching {
  /** Prompts of the session are asked here. */
  readonly asks: boolean
  /** A further terminal of the session, and when that has ended; absent: the agent's. */
  readonly further?: { readonly terminal: TerminalId; readonly ended: Promise<void> }
}

/**
 * Joins this terminal to one of a session until it ends or the person leaves. Resolves with the session
 * as it ended; null: it goes on.
 */
export function attach(
  connection: Connection,
  id: SessionId,
  { asks, further }: Attaching,
): Promise<Session | null> {
  const { stdin, stdout } = process
  const isTerminal = stdin.isTTY && stdout.isTTY
  /** While something is asked, the screen is the question's. */
  let asking: ((key: string) => void) | null = null
  const queue: PermissionRequest[] = []

  return new Promise((resolve) => {
    const open = () => {
      const viewer: RemoteTerminalViewer = {
        screen: (offset, _size, bytes) => {
          if (isTerminal && !asking) stdout.write(Buffer.concat([CLEAR, bytes]))
          terminal.drawn(offset)
        },
        output: (offset, bytes) => {
          if (isTerminal && !asking) stdout.write(bytes)
          terminal.drawn(offset + bytes.length)
        },
        resized: () => undefined,
        closed: () => undefined,
      }
      const terminal = connection.openTerminal(id, sizeOf(), viewer, further?.terminal)
      return terminal
    }
    let terminal = open()
    const passed = isTerminal ? null : passOutput(connection, id, stdout, further?.terminal)
    /** Draws all of it anew, whatever was over it. */
    const redraw = (): void => {
      terminal.close()
      terminal = open()
    }

    const next = (): void => {
      const request = queue[0]
      if (!request || asking) return
      const question = askInTerminal(connection, request, stdout, () => {
        asking = null
        queue.shift()
        redraw()
        next()
      })
      asking = question.key
    }
    const stopPrompts = asks
      ? connection.api.prompt.list(null, (frame) => {
          const requests =
            frame.type === 'snapshot'
              ? frame.state
              : frame.change.type === 'set'
                ? [frame.change.request]
                : []
          for (const request of requests)
            if (request.sessionId === id && !queue.some((each) => each.id === request.id))
              queue.push(request)
          if (frame.type === 'delta' && frame.change.type === 'settled') {
            const { id: settled } = frame.change
            const at = queue.findIndex((each) => each.id === settled)
            if (at > 0) queue.splice(at, 1)
          }
          next()
        })
      : () => undefined

    const onInput = (bytes: Buffer): void => {
      if (asking) return asking(bytes.toString('utf8'))
      if (isTerminal && bytes.includes(LEAVE)) return finish(null)
      terminal.write(bytes)
    }
    const onInputEnd = (): void => terminal.write(Buffer.from(END_OF_INPUT))
    const onResize = (): void => terminal.resize(sizeOf())
    const finish = (session: Session | null): void => {
      stopPrompts()
      stopList()
      terminal.close()
      stdin.off('data', onInput)
      stdin.off('end', onInputEnd)
      stdout.off('resize', onResize)
      if (isTerminal) stdin.setRawMode(false)
      stdin.pause()
      if (isTerminal)
        stdout.write(
          session || further ? AFTER : `${AFTER}Left. It goes on: cloche attach ${id}\r\n`,
        )
      void (passed?.end() ?? Promise.resolve()).finally(() => resolve(session))
    }
    const stopList = connection.api.session.list(null, (frame) => {
      const sessions = frame.type === 'snapshot' ? frame.state : []
      const changed =
        frame.type === 'delta' && frame.change.type === 'set' ? [frame.change.session] : []
      const mine = [...sessions, ...changed].find((session) => session.id === id)
      // What it wrote last is on its way.
      if (mine && !isLive(mine)) setTimeout(() => finish(mine), LAST_WORDS_MS)
    })
    void further?.ended.then(() => setTimeout(() => finish(null), LAST_WORDS_MS))
    if (isTerminal) stdin.setRawMode(true)
    stdin.on('data', onInput)
    stdin.on('end', onInputEnd)
    stdin.resume()
    stdout.on('resize', onResize)
  })
}

/** As a person ends input: Ctrl+D. */
const END_OF_INPUT = '\x04'
const LAST_WORDS_MS = 200
const CLEAR = Buffer.from('\x1bc')
/** Whatever modes the program had switched on: mouse, bracketed paste, another screen, a hidden cursor. */
const AFTER =
  '\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1049l\x1b[?25h\x1b[0m\r\n'
