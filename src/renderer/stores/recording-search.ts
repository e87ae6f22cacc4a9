import { create } from 'zustand'
import type { SearchCursor, SearchHit } from '../../shared/domain/search.ts'
import { currentConnection } from '../connection.ts'

/** More places than anybody reads; then the search stops, and says so. */
const MOST_SHOWN = 500

interface SearchState {
  readonly words: string
  /** null: nothing was looked for. */
  readonly hits: readonly SearchHit[] | null
  /** `full`: there may be more. */
  readonly status: 'idle' | 'searching' | 'full' | 'failed'
  /** Recordings that are done, and all of them. */
  readonly done: number
  readonly of: number
}

export const useRecordingSearch = create<SearchState>(() => ({
  ...{ words: '', hits: null, status: 'idle', done: 0, of: 0 },
}))

let asked = 0

/** Looks through all recordings to their end; an empty word, or another, ends the search. */
export async function searchRecordings(words: string): Promise<void> {
  const number = ++asked
  useRecordingSearch.setState({ words, hits: null, status: 'idle', done: 0, of: 0 })
  if (words.trim() === '') return
  useRecordingSearch.setState({ status: 'searching' })
  const hits: SearchHit[] = []
  try {
    for (let from: SearchCursor | null = null; ; ) {
      const connection = currentConnection()
      if (!connection) throw new Error('not connected')
      const page = await connection.api.recording.search({ words, from })
      if (number !== asked) return
      hits.push(...page.hits)
      const isFull = hits.length >= MOST_SHOWN && page.next !== null
      const status = isFull ? 'full' : page.next ? 'searching' : 'idle'
      // While nothing is found the list of recordings stays.
      const shown = hits.length > 0 || status === 'idle' ? [...hits] : null
      useRecordingSearch.setState({ hits: shown, status, done: page.done, of: page.of })
      if (status !== 'searching') return
      from = page.next
    }
  } catch {
    if (number === asked) useRecordingSearch.setState({ status: 'failed' })
  }
}
