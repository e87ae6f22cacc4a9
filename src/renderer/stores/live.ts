import type { Frame, Unsubscribe } from '../../shared/contract/define.ts'
import type { Connection } from '../../shared/rpc/client.ts'
import { connectionStore } from '../connection.ts'

type Subscribe<S, D> = (
  api: Connection['api'],
  onFrame: (frame: Frame<S, D>) => void,
) => Unsubscribe

export interface StreamTarget<S, D> {
  snapshot(state: S): void
  /** `gap`: something before this change is missing; the stream is subscribed anew. */
  delta(change: D): 'gap' | void
  /** The connection is gone; what was shown stays and grows old. */
  lost?(): void
}

/**
 * Follows one stream of the host for as long as it is wanted, across reconnects. Deltas that
 * arrive before the snapshot wait for it; a gap in `seq` subscribes anew. With `numbered: 'changes'`
 * the changes carry numbers of their own and the target looks for gaps itself.
 */
export function follow<S, D>(
  subscribe: Subscribe<S, D>,
  target: StreamTarget<S, D>,
  numbered: 'frames' | 'changes' = 'frames',
): Unsubscribe {
  let unsubscribe: Unsubscribe | null = null

  const start = (connection: Connection): void => {
    let isCurrent = true
    let lastSeq: number | null = null
    const early: { seq: number; change: D }[] = []
    const apply = (seq: number, change: D): void => {
      if (lastSeq === null) return void early.push({ seq, change })
      if (numbered === 'frames' && seq <= lastSeq) return
      const isGap = (numbered === 'frames' && seq > lastSeq + 1) || target.delta(change) === 'gap'
      lastSeq = seq
      if (!isGap) return
      stop()
      start(connection)
    }
    const end = subscribe(connection.api, (frame) => {
      if (!isCurrent) return
      if (frame.type === 'delta') return apply(frame.seq, frame.change)
      lastSeq = frame.seq
      target.snapshot(frame.state)
      for (const { seq, change } of early.splice(0)) if (isCurrent) apply(seq, change)
    })
    unsubscribe = () => {
      isCurrent = false
      end()
    }
  }
  const stop = (): void => {
    unsubscribe?.()
    unsubscribe = null
  }
  const react = (): void => {
    stop()
    const state = connectionStore.getState()
    if (state.type === 'connected') start(state.connection)
    else target.lost?.()
  }

  react()
  const ignore = connectionStore.subscribe((next, before) => {
    if (next.type === 'connected' || before.type === 'connected') react()
  })
  return () => {
    ignore()
    stop()
  }
}
