import { create } from 'zustand'
import type { SearchHit } from '../../shared/contract/api.ts'
import { currentConnection } from '../connection.ts'

interface SearchState {
  readonly words: string
  /** null: nothing was looked for. */
  readonly hits: readonly SearchHit[] | null
  readonly status: 'idle' | 'searching' | 'failed'
}

export const useRecordingSearch = create<SearchState>(() => ({
  ...{ words: '', hits: null, status: 'idle' },
}))

let asked = 0

/** Looks through all recordings; an empty word ends the search. */
export async function searchRecordings(words: string): Promise<void> {
  const number = ++asked
  useRecordingSearch.setState({ words })
  if (words.trim() === '') return useRecordingSearch.setState({ hits: null, status: 'idle' })
  useRecordingSearch.setState({ status: 'searching' })
  try {
    const connection = currentConnection()
    if (!connection) throw new Error('not connected')
    const hits = await connection.api.recording.search({ words })
    if (number === asked) useRecordingSearch.setState({ hits, status: 'idle' })
  } catch {
    if (number === asked) useRecordingSearch.setState({ status: 'failed' })
  }
}
