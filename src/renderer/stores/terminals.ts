import { create } from 'zustand'
import type { OpenTerminalError } from '../../shared/contract/terminal-api.ts'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { ProcessNode } from '../../shared/domain/process.ts'
import type { SessionState } from '../../shared/projection.ts'
import type { FurtherTerminal } from '../../shared/terminals-projection.ts'
import { plural } from '../words/format.ts'
import { ask, useActions } from './session-actions.ts'
import { setUi } from './ui.ts'

interface Terminals {
  /** Which a person looks at, by session; the agent's where there is none. */
  readonly shown: ReadonlyMap<SessionId, TerminalId>
  /** Put away by a person; their recordings are kept. */
  readonly closed: ReadonlySet<TerminalId>
  /** Sessions in which one is being opened. */
  readonly opening: ReadonlySet<SessionId>
}

export const useTerminals = create<Terminals>(() => ({
  shown: new Map(),
  closed: new Set(),
  opening: new Set(),
}))

export function showTerminal(session: SessionId, terminal: TerminalId | null): void {
  const shown = new Map(useTerminals.getState().shown)
  if (terminal === null) shown.delete(session)
  else shown.set(session, terminal)
  useTerminals.setState({ shown })
}

function setOpening(session: SessionId, isOpening: boolean): void {
  const opening = new Set(useTerminals.getState().opening)
  if (isOpening) opening.add(session)
  else opening.delete(session)
  useTerminals.setState({ opening })
}

/** A shell of the person's behind the boundary of a running session; it is shown once it stands. */
export async function openTerminal(session: SessionId): Promise<void> {
  if (useTerminals.getState().opening.has(session)) return
  setOpening(session, true)
  const opened = await ask((api) => api.terminal.open({ session }))
  setOpening(session, false)
  if (opened.ok) showTerminal(session, opened.value)
  else useActions.setState({ problem: `No terminal was opened. ${wordsOf(opened.error)}` })
}

function wordsOf(error: string | OpenTerminalError): string {
  if (typeof error === 'string') return error
  switch (error.type) {
    case 'unknown_session':
      return 'This session no longer exists.'
    case 'not_live':
      return 'The session does not run.'
    case 'too_many':
      return `The session has ${plural(error.most, 'terminal')} already: close one first.`
    case 'refused':
      return error.reason
  }
}

/** Asks first where closing it would end something besides its shell. */
export function wantToClose(session: SessionId, id: TerminalId, state: SessionState): void {
  const terminal = state.terminals.find((each) => each.id === id)
  const running = terminal ? runningIn(terminal, state) : []
  if (running.length === 0) return void closeTerminal(session, id)
  const names = running.map(({ name }) => name)
  setUi({ confirm: { kind: 'close-terminal', id: session, terminal: id, names } })
}

/** What a terminal's shell started itself, and still runs. */
export const runningIn = (
  { key, endedAtMs }: FurtherTerminal,
  { processes }: Pick<SessionState, 'processes'>,
): readonly ProcessNode[] =>
  endedAtMs === null
    ? [...processes.values()].filter((node) => node.parent === key && node.endedAtMs === null)
    : []

export async function closeTerminal(session: SessionId, terminal: TerminalId): Promise<void> {
  if (useTerminals.getState().shown.get(session) === terminal) showTerminal(session, null)
  useTerminals.setState(({ closed }) => ({ closed: new Set(closed).add(terminal) }))
  const closed = await ask((api) => api.terminal.close({ session, terminal }))
  // It is gone already where the host does not know it.
  if (!closed.ok && typeof closed.error === 'string')
    useActions.setState({ problem: `The terminal was not closed. ${closed.error}` })
}
