import { isFurther } from '../shared/domain/ids.ts'
import {
  createFurtherTerminals,
  type FurtherTerminals,
  type FurtherTerminalsOptions,
} from './core/further-terminals.ts'
import type { ProcessStarter } from './core/ports.ts'
import type { Sessions } from './core/sessions.ts'
import type { PtyHost } from './core/terminal-port.ts'
import { createPtyClient } from './pty/pty-client.ts'

export interface TerminalsOptions extends Omit<FurtherTerminalsOptions, 'ptyHost' | 'sessions'> {
  readonly starter: ProcessStarter
  readonly sessions: () => Sessions
}

/** The PTY host, and who is told of what: the session for its agent's terminal, else the terminal. */
export function createTerminals({ starter, sessions, ...options }: TerminalsOptions): {
  readonly ptyHost: PtyHost
  readonly terminals: FurtherTerminals
} {
  const { log, timeline } = options
  const ptyHost = createPtyClient({
    ...{ starter, log },
    events: {
      active: (id, bytes, totalBytes) => {
        if (isFurther(id)) terminals.active(id, bytes, totalBytes)
        else timeline.append(id, { type: 'terminal/active', bytes, totalBytes })
      },
      exited: (id, exit) => {
        if (isFurther(id)) terminals.exited(id, exit)
        else sessions().exited(id, exit)
      },
      logFailed: (id, detail) => {
        if (isFurther(id)) return terminals.logFailed(id, detail)
        log.error(`the terminal log of ${id} cannot be written: ${detail}`)
        timeline.append(id, { type: 'recording/damaged', part: 'terminal', detail })
      },
      lost: () => {
        terminals.ptyHostLost()
        sessions().ptyHostLost()
      },
    },
  })
  const terminals = createFurtherTerminals({ ...options, sessions, ptyHost })
  return { ptyHost, terminals }
}
