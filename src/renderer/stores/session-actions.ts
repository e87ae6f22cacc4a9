import { create } from 'zustand'
import type { z } from 'zod'
import type { NotLive, UnknownSession } from '../../shared/contract/outcomes.ts'
import type { EffectivePolicy } from '../../shared/domain/effective-policy.ts'
import type { InsidePort } from '../../shared/domain/forward.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { LimitName, Limits } from '../../shared/domain/limits.ts'
import type { NetworkMode } from '../../shared/domain/network-mode.ts'
import type { Session, SessionSpec, StartFailure } from '../../shared/domain/session.ts'
import { type SpecChanges, workspaceAccess } from '../../shared/domain/spec-changes.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { currentConnection } from '../connection.ts'
import { refreshInfo } from './machine.ts'
import { refreshRecordings } from './recordings.ts'
import { goTo, setUi, useUi } from './ui.ts'

interface ActionsState {
  /** The session whose restart did not start, and why. */
  readonly failed: { readonly id: SessionId; readonly failure: StartFailure } | null
  /** A fault, or an outcome that has no place of its own. */
  readonly problem: string | null
  /** What was done, where nothing on the screen would show it. */
  readonly done: { readonly words: string; readonly undo: (() => void) | null } | null
  readonly probing: ReadonlySet<SessionId>
  /** Being set, or being started again with another isolation. */
  readonly changing: ReadonlySet<SessionId>
  /** Why the last probe of a session told nothing. */
  readonly probeProblems: ReadonlyMap<SessionId, string>
}

export const useActions = create<ActionsState>(() => ({
  failed: null,
  problem: null,
  done: null,
  probing: new Set(),
  changing: new Set(),
  probeProblems: new Map(),
}))

export const dismissFailure = (): void =>
  useActions.setState({ failed: null, problem: null, done: null })

const NOT_CONNECTED = 'The host is not connected. Nothing was done.'
const FAULT = 'The host did not do it. Its log has the reason.'

/** What the host answered; a string where it did not. */
export async function ask<T, E>(
  act: (api: Api) => Promise<Result<T, E>>,
): Promise<Result<T, E | string>> {
  const connection = currentConnection()
  if (!connection) return err(NOT_CONNECTED)
  try {
    return await act(connection.api)
  } catch {
    return err(FAULT)
  }
}

export async function createSession(
  spec: SessionSpec,
): Promise<Result<Session, StartFailure | string>> {
  const created = await ask((api) => api.session.create(spec))
  if (created.ok) goTo('sessions', created.value.id)
  void refreshInfo()
  return created
}

export const previewSession = (
  spec: SessionSpec,
): Promise<Result<EffectivePolicy, StartFailure | string>> =>
  ask((api) => api.session.preview(spec))

/** Tries the boundary again, from inside; the reports come back as an event of the session. */
export async function probeSession(id: SessionId): Promise<void> {
  if (useActions.getState().probing.has(id)) return
  const settle = (isPending: boolean, problem: string | null): void => {
    const { probing, probeProblems } = useActions.getState()
    const pending = new Set(probing)
    const problems = new Map(probeProblems)
    if (isPending) pending.add(id)
    else pending.delete(id)
    if (problem) problems.set(id, problem)
    else problems.delete(id)
    useActions.setState({ probing: pending, probeProblems: problems })
  }
  settle(true, null)
  const probed = await ask((api) => api.session.probe({ id }))
  settle(false, probed.ok ? null : wordsOfProbe(probed.error))
}

function wordsOfProbe(error: string | z.infer<typeof UnknownSession | typeof NotLive>): string {
  if (typeof error === 'string') return `The probe did not run. ${error}`
  return error.type === 'not_live'
    ? 'The session ended before it could be probed. What is shown is from before.'
    : 'This session no longer exists.'
}

/** In force at once; `forMs`: then it goes back by itself. */
export const setNetwork = (id: SessionId, mode: NetworkMode, forMs: number | null): Promise<void> =>
  whileChanging(id, () =>
    attempt(async (api) => {
      const set = await api.session.setNetwork({ id, mode, forMs })
      if (!set.ok)
        useActions.setState({ problem: 'The network was not changed: the session has ended.' })
    }),
  )

/** A sentence, or those that only a restart can change. In force at once otherwise, and probed again. */
export const setLimits = (
  id: SessionId,
  limits: Limits,
): Promise<Result<null, string | readonly LimitName[]>> =>
  whileChanging(id, async () => {
    const set = await ask((api) => api.session.setLimits({ id, limits }))
    if (!set.ok) {
      if (typeof set.error === 'string') return err(set.error)
      return err(
        set.error.type === 'needs_restart'
          ? set.error.limits
          : 'The limits were not changed: the session has ended.',
      )
    }
    // It shows that it is under way, and what came of it.
    void probeSession(id)
    return ok(null)
  })

async function whileChanging<T>(id: SessionId, act: () => Promise<T>): Promise<T> {
  const { changing } = useActions.getState()
  useActions.setState({ changing: new Set([...changing, id]) })
  try {
    return await act()
  } finally {
    const rest = new Set(useActions.getState().changing)
    rest.delete(id)
    useActions.setState({ changing: rest })
  }
}

/** `changes`: with another isolation than it had. */
export const restartSession = (id: SessionId, changes: SpecChanges = {}): Promise<void> =>
  whileChanging(id, () => restart(id, changes))

const HELD = 'The folder’s own policy still holds it: see Policy below, and the file.'

/** Whether the workspace's policy left it as it was asked for. */
const isAsAsked = ({ spec }: Session, { workspace, maskSecrets, level }: SpecChanges): boolean =>
  (workspace === undefined || workspaceAccess(spec) === workspace) &&
  (maskSecrets === undefined || spec.maskSecrets === maskSecrets) &&
  (level === undefined || spec.level === level)

const restart = (id: SessionId, changes: SpecChanges): Promise<void> =>
  attempt(async (api) => {
    const restarted = await api.session.restart({ id, changes })
    if (restarted.ok) {
      if (!isAsAsked(restarted.value, changes)) useActions.setState({ problem: HELD })
      return goTo('sessions', restarted.value.id)
    }
    if (restarted.error.type === 'unknown_session')
      useActions.setState({ problem: 'This session no longer exists.' })
    else useActions.setState({ failed: { id, failure: restarted.error } })
  })

export const stopSession = (id: SessionId): Promise<void> =>
  attempt(async (api) => {
    const stopped = await api.session.stop({ id })
    if (!stopped.ok) useActions.setState({ problem: 'This session has already ended.' })
  })

/** `discardsReview`: with a copy that was neither applied nor discarded; else that is asked. */
export const removeSession = (id: SessionId, discardsReview = false): Promise<void> =>
  attempt(async (api) => {
    const removed = await api.session.remove({ id, discardsReview })
    if (!removed.ok && removed.error.type === 'open_review')
      return setUi({ confirm: { kind: 'remove-review', id } })
    if (!removed.ok && removed.error.type === 'still_live')
      useActions.setState({ problem: 'This session is still running. Stop it first.' })
    leave(id)
    void refreshRecordings()
  })

function leave(id: SessionId): void {
  const { route } = useUi.getState()
  if (route.id === id) goTo(route.page)
}

export const renameSession = (id: SessionId, title: string): Promise<void> =>
  attempt(async (api) => {
    await api.session.rename({ id, title })
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

/** null: not known now. */
export async function listPorts(id: SessionId): Promise<readonly InsidePort[] | null> {
  const listed = await ask((api) => api.port.list({ id }))
  return listed.ok ? listed.value : null
}

/** A sentence when it did not work. */
export async function openPort(id: SessionId, port: number): Promise<string | null> {
  const opened = await ask((api) => api.port.open({ id, port }))
  if (opened.ok) return null
  if (typeof opened.error === 'string') return opened.error
  return opened.error.type === 'not_forwarded'
    ? `Port ${port} cannot be reached: ${opened.error.detail}.`
    : 'The session has ended.'
}

export async function closePort(id: SessionId, port: number): Promise<string | null> {
  const closed = await ask((api) => api.port.close({ id, port }))
  return closed.ok || typeof closed.error !== 'string' ? null : closed.error
}
