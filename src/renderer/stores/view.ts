import { createContext, use } from 'react'
import { createStore, type StoreApi, useStore } from 'zustand'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { emptyState, type SessionState } from '../../shared/projection.ts'
import type { RecordingSource } from './recording-source.ts'
import type { Tracks } from './tracks.ts'

/** One session at one moment, from the live stream or from a recording: views cannot tell. */
export interface View {
  readonly sessionId: SessionId
  readonly mode: 'live' | 'replay'
  readonly status: 'loading' | 'ready' | 'failed'
  /** Grows in place; `revision` says when. */
  readonly events: readonly TimelineEvent[]
  readonly revision: number
  /** The state at the playhead. Live: its maps are changed in place, `revision` says when. */
  readonly state: SessionState
  readonly tracks: Tracks
  /** For what is not in the events. */
  readonly source: RecordingSource
  /** The session's own clock, ms. Live: the newest event. */
  readonly playheadMs: number
  readonly durationMs: number
  /** Wall clock since when a live view may be out of date. */
  readonly staleSinceMs: number | null
}

export type ViewStore = StoreApi<View>

export const createViewStore = (
  sessionId: SessionId,
  mode: View['mode'],
  source: RecordingSource,
  events: readonly TimelineEvent[],
  tracks: Tracks,
): ViewStore =>
  createStore<View>(() => ({
    sessionId,
    mode,
    status: 'loading',
    events,
    revision: 0,
    state: emptyState,
    tracks,
    source,
    playheadMs: 0,
    durationMs: 0,
    staleSinceMs: null,
  }))

export const ViewContext = createContext<ViewStore | null>(null)

export function useViewStore(): ViewStore {
  const store = use(ViewContext)
  if (!store) throw new Error('a view of a session stands outside of its workbench')
  return store
}

export const useView = <T>(pick: (view: View) => T): T => useStore(useViewStore(), pick)
