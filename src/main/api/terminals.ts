import { type AnyTerminalId, SessionId, TerminalId } from '../../shared/domain/ids.ts'
import { LIMITS } from '../../shared/rpc/frames.ts'
import type { ByteServices } from '../../shared/rpc/server.ts'
import type { FurtherTerminals } from '../core/further-terminals.ts'
import type { EventStore } from '../core/ports.ts'
import type { Sessions } from '../core/sessions.ts'
import type { PtyHost } from '../core/terminal-port.ts'

export interface TerminalsOptions {
  readonly ptyHost: PtyHost
  readonly store: EventStore
  readonly sessions: Sessions
  readonly terminals: Pick<FurtherTerminals, 'has'>
}

/** Byte channels of one host: live terminals and the terminal logs of recordings. */
export function createByteServices(options: TerminalsOptions): ByteServices {
  const { ptyHost, store, sessions, terminals } = options
  /** null: a session has no such terminal. */
  const find = (session: string, terminal: string | undefined): AnyTerminalId | null => {
    const id = SessionId.safeParse(session)
    if (!id.success || terminal === undefined) return id.data ?? null
    const further = TerminalId.safeParse(terminal)
    return further.success && terminals.has(id.data, further.data) ? further.data : null
  }
  return {
    openTerminal: (sessionId, viewer, terminalId) => {
      const id = find(sessionId, terminalId)
      const attachment = id && ptyHost.attach(id, viewer)
      if (!attachment) return null
      return {
        write: (bytes) => ptyHost.write(id, bytes),
        resize: (size) => ptyHost.resize(id, size),
        drawn: (offset) => attachment.drawn(offset),
        close: () => attachment.close(),
      }
    },
    readRecording: async (sessionId, offset, terminalId) => {
      const id = SessionId.safeParse(sessionId)
      const terminal = TerminalId.optional().safeParse(terminalId)
      if (!id.success || !terminal.success || !sessions.get(id.data)) return null
      return store.readTerminalLog(id.data, offset, LIMITS.readBytes, terminal.data)
    },
  }
}
