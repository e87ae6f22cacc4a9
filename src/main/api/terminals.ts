import { SessionId } from '../../shared/domain/ids.ts'
import { LIMITS } from '../../shared/rpc/frames.ts'
import type { ByteServices } from '../../shared/rpc/server.ts'
import type { EventStore, PtyHost } from '../core/ports.ts'
import type { Sessions } from '../core/sessions.ts'

export interface TerminalsOptions {
  readonly ptyHost: PtyHost
  readonly store: EventStore
  readonly sessions: Sessions
}

/** Byte channels of one host: live terminals and the terminal logs of recordings. */
export function createByteServices({ ptyHost, store, sessions }: TerminalsOptions): ByteServices {
  return {
    openTerminal: (rawId, viewer) => {
      const id = SessionId.safeParse(rawId)
      if (!id.success) return null
      const attachment = ptyHost.attach(id.data, viewer)
      if (!attachment) return null
      return {
        write: (bytes) => ptyHost.write(id.data, bytes),
        resize: (size) => ptyHost.resize(id.data, size),
        drawn: (offset) => attachment.drawn(offset),
        close: () => attachment.close(),
      }
    },
    readRecording: async (rawId, offset) => {
      const id = SessionId.safeParse(rawId)
      if (!id.success || !sessions.get(id.data)) return null
      return store.readTerminalLog(id.data, offset, LIMITS.readBytes)
    },
  }
}
