import type { SessionId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { emptyState, project } from '../../shared/projection.ts'
import { follow } from './live.ts'
import { NUMBERS_MS, throttle } from './throttle.ts'
import { createTrackBuilder } from './tracks.ts'
import { createViewStore, type ViewStore } from './view.ts'

/** Follows one session's events. The caller closes it. */
export function openLiveView(sessionId: SessionId): { store: ViewStore; close(): void } {
  const events: TimelineEvent[] = []
  const builder = createTrackBuilder()
  const store = createViewStore(sessionId, 'live', events, builder.tracks)
  let state = emptyState

  const publish = throttle(() => {
    store.setState({
      status: 'ready',
      state,
      revision: events.length,
      playheadMs: state.monoMs,
      durationMs: builder.tracks.lastMs,
      staleSinceMs: null,
    })
  }, NUMBERS_MS)

  /** A resubscription starts again from the first event: known ones are passed over. */
  const append = (batch: readonly TimelineEvent[]): 'gap' | void => {
    for (const event of batch) {
      if (event.seq <= state.seq) continue
      if (event.seq > state.seq + 1 && state.seq >= 0) return 'gap'
      events.push(event)
      builder.add(event)
      state = project(state, event)
    }
    publish.request()
  }

  const unfollow = follow<TimelineEvent[], TimelineEvent[]>(
    (api, onFrame) => api.session.watch(sessionId, onFrame),
    {
      snapshot: append,
      delta: append,
      lost: () => {
        if (store.getState().status === 'ready' && store.getState().staleSinceMs === null)
          store.setState({ staleSinceMs: Date.now() })
      },
    },
    'changes',
  )
  return {
    store,
    close: () => {
      publish.cancel()
      unfollow()
    },
  }
}
