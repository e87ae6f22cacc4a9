import type { SessionId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { createProjector } from '../../shared/projection.ts'
import { follow } from './live.ts'
import { hostSource } from './recording-source.ts'
import { NUMBERS_MS, throttle } from './throttle.ts'
import { createTrackBuilder } from './tracks.ts'
import { createViewStore, type ViewStore } from './view.ts'

export interface LiveView {
  readonly store: ViewStore
  /** Follows the session's events until the returned function is called. */
  follow(): () => void
}

export function createLiveView(sessionId: SessionId): LiveView {
  const events: TimelineEvent[] = []
  const builder = createTrackBuilder()
  const store = createViewStore(sessionId, 'live', hostSource(sessionId), events, builder.tracks)
  const projector = createProjector()

  const publish = throttle(() => {
    const { state } = projector
    store.setState({
      status: 'ready',
      state,
      revision: events.length,
      playheadMs: state.monoMs,
      durationMs: builder.tracks.lastMs,
      staleSinceMs: null,
    })
  }, NUMBERS_MS)

  /** A gap that is still there after a new subscription is a hole in the recording itself. */
  let knownGap = -1

  /** A resubscription starts again from the first event: known ones are passed over. */
  const append = (batch: readonly TimelineEvent[]): 'gap' | void => {
    for (const event of batch) {
      const { seq } = projector.state
      if (event.seq <= seq) continue
      if (event.seq > seq + 1 && seq >= 0 && knownGap !== event.seq) {
        knownGap = event.seq
        return 'gap'
      }
      events.push(event)
      builder.add(event)
      projector.add(event)
    }
    publish.request()
  }

  /** Holes within a snapshot are the recording's own. */
  const appendAll = (batch: readonly TimelineEvent[]): void => {
    while (append(batch) === 'gap');
  }

  const lost = (): void => {
    const { status, staleSinceMs } = store.getState()
    if (status === 'ready' && staleSinceMs === null) store.setState({ staleSinceMs: Date.now() })
  }

  return {
    store,
    follow: () => {
      const unfollow = follow<TimelineEvent[], TimelineEvent[]>(
        (api, onFrame) => api.session.watch(sessionId, onFrame),
        { snapshot: appendAll, delta: append, lost },
        'changes',
      )
      return () => {
        publish.cancel()
        unfollow()
      }
    },
  }
}
