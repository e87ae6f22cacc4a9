import { create } from 'zustand'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { Session, SessionSpec, StartFailure } from '../../shared/domain/session.ts'
import type { Result } from '../../shared/result.ts'
import { currentConnection } from '../connection.ts'
import { refreshInfo } from './machine.ts'
import { refreshRecordings } from './recordings.ts'
import { goTo } from './ui.ts'

interface ActionsState {
  /** The session whose restart did not start, and why. */
  readonly failed: { readonly id: SessionId; readonly failure: StartFailure } | null
  /** A fault, or an outcome that has no place of its own. */
  readonly problem: string | null
}

export const useActions = create<ActionsState>(() => ({ failed: null, problem: null }))

export const dismissFailure = (): void => useActions.setState({ failed: null, problem: null })

const NOT_CONNECTED = 'The host is not connected. Nothing was done.'
const FAULT = 'The host did not do it. Its log has the reason.'

export async function createSession(
  spec: SessionSpec,
): Promise<Result<Session, StartFailure> | { readonly ok: false; readonly error: string }> {
  const connection = currentConnection()
  if (!connection) return { ok: false, error: NOT_CONNECTED }
  try {
    const created = await connection.api.session.create(spec)
    if (created.ok) goTo('sessions', created.value.id)
    void refreshInfo()
    return created
  } catch {
    return { ok: false, error: FAULT }
  }
}

export const restartSession = (id: SessionId): Promise<void> =>
  attempt(async (api) => {
    const restarted = await api.session.restart({ id })
    if (restarted.ok) return goTo('sessions', restarted.value.id)
    if (restarted.error.type === 'unknown_session')
      useActions.setState({ problem: 'This session no longer exists.' })
    else useActions.setState({ failed: { id, failure: restarted.error } })
  })

export const stopSession = (id: SessionId): Promise<void> =>
  attempt(async (api) => {
    const stopped = await api.session.stop({ id })
    if (!stopped.ok) useActions.setState({ problem: 'This session has already ended.' })
  })

export const removeSession = (id: SessionId): Promise<void> =>
  attempt(async (api) => {
    const removed = await api.session.remove({ id })
    if (!removed.ok && removed.error.type === 'still_live')
      useActions.setState({ problem: 'This session is still running. Stop it first.' })
    void refreshRecordings()
  })

export const renameSession = (id: SessionId, title: string): Promise<void> =>
  attempt(async (api) => {
    await api.session.rename({ id, title })
  })

export const revokeRule = (id: Parameters<Api['rule']['remove']>[0]['id']): Promise<void> =>
  attempt(async (api) => {
    await api.rule.remove({ id })
  })

type Api = NonNullable<ReturnType<typeof currentConnection>>['api']

async function attempt(act: (api: Api) => Promise<void>): Promise<void> {
  const connection = currentConnection()
  if (!connection) return useActions.setState({ problem: NOT_CONNECTED })
  try {
    await act(connection.api)
  } catch {
    useActions.setState({ problem: FAULT })
  }
}
