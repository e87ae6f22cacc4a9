import { create } from 'zustand'
import type { DevContainer } from '../../shared/domain/dev-container.ts'
import { currentConnection } from '../connection.ts'
import { setDetails, useDetails } from './draft-details.ts'

interface DevContainersState {
  /** Of this folder. */
  readonly workspace: string
  /** null: not looked for yet. */
  readonly found: readonly DevContainer[] | null
}

export const useDevContainers = create<DevContainersState>(() => ({ workspace: '', found: null }))

/** Looks anew. What was chosen stays only while it is what it was. */
export async function findDevContainers(workspace: string): Promise<void> {
  if (useDevContainers.getState().workspace !== workspace)
    useDevContainers.setState({ workspace, found: null })
  const found = await currentConnection()
    ?.api.devContainer.list({ workspace })
    .catch(() => [])
  if (!found || useDevContainers.getState().workspace !== workspace) return
  useDevContainers.setState({ found })
  const chosen = useDetails.getState().devContainer
  if (chosen && !found.some(({ path, hash }) => path === chosen.path && hash === chosen.hash))
    setDetails({ devContainer: null })
}

/** null: nothing is chosen, or it is not known any more. */
export function useChosenDevContainer(): DevContainer | null {
  const chosen = useDetails((details) => details.devContainer)
  const found = useDevContainers((state) => state.found)
  return (
    (chosen && found?.find(({ path, hash }) => path === chosen.path && hash === chosen.hash)) ||
    null
  )
}
