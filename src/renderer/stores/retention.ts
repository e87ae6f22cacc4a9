import { create } from 'zustand'
import type { Retention } from '../../shared/domain/retention.ts'
import { currentConnection } from '../connection.ts'
import { refreshRecordings } from './recordings.ts'

/** null: not known yet. */
export const useRetention = create<{ readonly retention: Retention | null }>(() => ({
  retention: null,
}))

export async function readRetention(): Promise<void> {
  const connection = currentConnection()
  if (connection)
    useRetention.setState({ retention: await connection.api.recording.retention(null) })
}

/** Resolves when what has to go is gone; rejects when the host could not be told. */
export async function setRetention(retention: Retention): Promise<void> {
  const connection = currentConnection()
  if (!connection) throw new Error('not connected')
  await connection.api.recording.setRetention(retention)
  useRetention.setState({ retention })
  await refreshRecordings()
}
