import { create } from 'zustand'
import type { SystemInfo } from '../../shared/contract/api.ts'
import type { Diagnosis } from '../../shared/domain/sandbox.ts'
import { connectionStore, currentConnection } from '../connection.ts'

interface MachineState {
  readonly info: SystemInfo | null
  readonly diagnoses: readonly Diagnosis[] | null
  readonly isProbing: boolean
  readonly probedAtMs: number | null
  readonly problem: string | null
}

/** What this machine is and can enforce, as last probed. */
export const useMachine = create<MachineState>(() => ({
  info: null,
  diagnoses: null,
  isProbing: false,
  probedAtMs: null,
  problem: null,
}))

export async function refreshInfo(): Promise<void> {
  const info = await currentConnection()
    ?.api.system.info(null)
    .catch(() => null)
  if (info) useMachine.setState({ info })
}

export async function probe(): Promise<void> {
  const connection = currentConnection()
  if (!connection || useMachine.getState().isProbing) return
  useMachine.setState({ isProbing: true })
  try {
    const diagnoses = await connection.api.system.doctor(null)
    useMachine.setState({ diagnoses, probedAtMs: Date.now(), problem: null })
  } catch {
    useMachine.setState({ problem: 'The machine could not be probed. The log has the reason.' })
  } finally {
    useMachine.setState({ isProbing: false })
  }
}

export function followMachine(): () => void {
  const refresh = (): void => {
    if (!currentConnection()) return
    void refreshInfo()
    void probe()
  }
  refresh()
  return connectionStore.subscribe(refresh)
}
