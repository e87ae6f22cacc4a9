import { useEffect, useState } from 'react'
import { create } from 'zustand'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { ProcessKey } from '../../shared/domain/process.ts'
import type {
  ControlAction,
  ControlRequest,
  Orphans,
  ProcessDetails,
} from '../../shared/domain/process-details.ts'
import { currentConnection } from '../connection.ts'
import { CONTROL_ERRORS, wordsOfControl } from '../words/processes.ts'
import { follow } from './live.ts'
import { ask, useActions } from './session-actions.ts'

/** Controls that the host is still at. */
export const useControls = create<{ readonly running: number }>(() => ({ running: 0 }))

/** Says afterwards what was done and what remained. */
export async function controlProcesses(request: ControlRequest): Promise<void> {
  const count = (by: number): void =>
    useControls.setState(({ running }) => ({ running: running + by }))
  count(1)
  const controlled = await ask((api) => api.process.control(request))
  count(-1)
  if (!controlled.ok) {
    const { error } = controlled
    const problem = typeof error === 'string' ? error : CONTROL_ERRORS[error.type]
    return useActions.setState({ problem })
  }
  tell(request.action, controlled.value)
}

function tell(action: ControlAction, outcome: { affected: number; remained: number }): void {
  const words = wordsOfControl(action, outcome)
  useActions.setState(outcome.remained > 0 ? { problem: words } : { done: { words, undo: null } })
}

/** What outlived its session, of this run and of earlier ones. */
export const useOrphans = create<{ readonly list: readonly Orphans[] }>(() => ({ list: [] }))

export const followOrphans = (): (() => void) =>
  follow<Orphans[], Orphans[]>((api, onFrame) => api.process.orphans(null, onFrame), {
    snapshot: (list) => useOrphans.setState({ list }),
    delta: (list) => useOrphans.setState({ list }),
  })

export async function endOrphans(session: SessionId | null): Promise<void> {
  const ended = await ask((api) => api.process.endOrphans({ session }))
  if (ended.ok) tell('stop', ended.value)
  else useActions.setState({ problem: String(ended.error) })
}

const LOOK_EVERY_MS = 2000

/** A close look at one live process, anew every two seconds; null: not there yet. */
export function useProcessDetails(session: SessionId, key: ProcessKey): ProcessDetails | null {
  const [found, setFound] = useState<{ key: ProcessKey; details: ProcessDetails } | null>(null)
  useEffect(() => {
    let isOver = false
    const look = (): void => {
      currentConnection()
        ?.api.process.details({ session, key })
        .then((details) => !isOver && setFound({ key, details }))
        // The connection's own display says that it is gone; what was seen stays.
        .catch(() => undefined)
    }
    look()
    const timer = setInterval(look, LOOK_EVERY_MS)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [session, key])
  return found?.key === key ? found.details : null
}
