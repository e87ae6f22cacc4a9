import { create } from 'zustand'
import type { VariableList } from '../../shared/domain/variables.ts'
import { currentConnection } from '../connection.ts'
import { follow } from './live.ts'

/** null: not known yet. */
export const useVariables = create<{ readonly list: VariableList | null }>(() => ({ list: null }))

export const followVariables = (): (() => void) =>
  follow<VariableList, VariableList>((api, onFrame) => api.variable.list(null, onFrame), {
    snapshot: (list) => useVariables.setState({ list }),
    delta: (list) => useVariables.setState({ list }),
  })

/** A sentence when it did not work. The value is not kept here. */
export async function keepVariable(name: string, value: string): Promise<string | null> {
  try {
    const kept = await currentConnection()?.api.variable.keep({ name, value })
    if (!kept) return 'The host is not connected. Nothing was kept.'
    return kept.ok ? null : kept.error.detail
  } catch {
    return 'The host did not keep it. Its log has the reason.'
  }
}

export async function forgetVariable(name: string): Promise<void> {
  await currentConnection()
    ?.api.variable.forget({ name })
    .catch(() => undefined)
}
