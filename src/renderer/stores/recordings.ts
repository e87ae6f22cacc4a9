import { create } from 'zustand'
import type { RecordingSummary } from '../../shared/domain/timeline.ts'
import { currentConnection } from '../connection.ts'

interface RecordingsState {
  readonly status: 'loading' | 'ready' | 'failed'
  readonly recordings: readonly RecordingSummary[]
}

export const useRecordings = create<RecordingsState>(() => ({ status: 'loading', recordings: [] }))

/** Rows stay while they are fetched anew. */
export async function refreshRecordings(): Promise<void> {
  const connection = currentConnection()
  if (!connection) return
  try {
    const recordings = await connection.api.recording.list(null)
    useRecordings.setState({
      status: 'ready',
      recordings: recordings.toSorted((a, b) => b.session.createdAtMs - a.session.createdAtMs),
    })
  } catch {
    if (useRecordings.getState().status === 'loading') useRecordings.setState({ status: 'failed' })
  }
}
