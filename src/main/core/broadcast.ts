import type { StreamSource } from '../../shared/contract/define.ts'

/** A small state that many viewers follow: a snapshot for each new one, then every change. */
export interface Broadcast<S, D> {
  tell(change: D): void
  readonly watch: StreamSource<S, D>
}

/** `snapshot` is asked anew for each viewer, and must already include what was told. */
export function createBroadcast<S, D>(snapshot: () => S): Broadcast<S, D> {
  const viewers = new Set<Parameters<StreamSource<S, D>>[0]>()
  let seq = 0
  return {
    tell: (change) => {
      seq++
      for (const push of viewers) push({ type: 'delta', seq, change })
    },
    watch: (push) => {
      push({ type: 'snapshot', seq, state: snapshot() })
      viewers.add(push)
      return () => viewers.delete(push)
    },
  }
}
