import type { TerminalId } from '../../shared/domain/ids.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import type { FurtherTerminal } from '../../shared/terminals-projection.ts'
import { useActive } from '../stores/active.ts'
import { useSessions } from '../stores/sessions.ts'
import { openTerminal, showTerminal, useTerminals, wantToClose } from '../stores/terminals.ts'
import { useUi } from '../stores/ui.ts'
import { NEW_TERMINAL_KEY } from '../words/terminals.ts'
import type { Command } from './command.ts'

/** The session in front, while it runs. */
function liveSession(): Session | null {
  const { page, id } = useUi.getState().route
  const session = page === 'sessions' && id ? useSessions.getState().byId.get(id) : undefined
  return session && isLive(session) ? session : null
}

/** Its terminals that are there to be looked at, besides the agent's. */
const further = (): readonly FurtherTerminal[] => {
  const { closed } = useTerminals.getState()
  const all = useActive.getState().view?.getState().state.terminals ?? []
  return all.filter(({ id }) => !closed.has(id))
}
const shown = (): TerminalId | null => {
  const session = liveSession()
  return session ? (useTerminals.getState().shown.get(session.id) ?? null) : null
}

export const TERMINAL_COMMANDS: readonly Command[] = [
  {
    id: 'terminal.new',
    title: 'New terminal',
    group: 'Terminal',
    keys: [NEW_TERMINAL_KEY],
    when: () => liveSession() !== null,
    run: () => {
      const session = liveSession()
      if (session) void openTerminal(session.id)
    },
  },
  {
    id: 'terminal.next',
    title: 'Next terminal',
    group: 'Terminal',
    keys: [],
    when: () => liveSession() !== null && further().length > 0,
    run: () => {
      const session = liveSession()
      const all = [null, ...further().map(({ id }) => id)]
      const next = all[(all.indexOf(shown()) + 1) % all.length]
      if (session) showTerminal(session.id, next ?? null)
    },
  },
  {
    id: 'terminal.close',
    title: 'Close this terminal',
    group: 'Terminal',
    keys: [],
    when: () => shown() !== null,
    run: () => {
      const session = liveSession()
      const terminal = shown()
      const view = useActive.getState().view
      if (session && terminal && view) wantToClose(session.id, terminal, view.getState().state)
    },
  },
]
