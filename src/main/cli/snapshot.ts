import type { Frame, Unsubscribe } from '../../shared/contract/define.ts'

/** What a stream begins with, without following it. */
export const snapshotOf = <S, D>(
  subscribe: (onFrame: (frame: Frame<S, D>) => void) => Unsubscribe,
): Promise<S> =>
  new Promise((resolve) => {
    const stop = subscribe((frame) => {
      if (frame.type !== 'snapshot') return
      resolve(frame.state)
      queueMicrotask(() => stop())
    })
  })
