import type { ProcessNode } from '../../shared/domain/process.ts'

export const ORDERS = ['start', 'age', 'cpu', 'memory'] as const
export type OrderName = (typeof ORDERS)[number]

/** What a node needs for being put in order, whatever the tree keeps beside it. */
interface Place<E> {
  readonly parent: E | null
}

/** Order among the children of one process. */
export interface ProcessOrder {
  /** A value for each place; `places` has parents before children. */
  weigh<E extends Place<E>>(
    places: readonly E[],
    nodeOf: (place: E) => ProcessNode | undefined,
  ): ReadonlyMap<E, number> | null
  /** Sorts in place. */
  sort<E>(places: E[], weights: ReadonlyMap<E, number> | null): E[]
}

/** Of a whole subtree, so that what works hard comes up from deep below. */
const sumOf = (measure: (node: ProcessNode) => number): ProcessOrder => ({
  weigh: (places, nodeOf) => {
    const sums = new Map<(typeof places)[number], number>()
    for (const place of places.toReversed()) {
      const node = nodeOf(place)
      const own = node && node.endedAtMs === null ? measure(node) : 0
      const sum = (sums.get(place) ?? 0) + own
      sums.set(place, sum)
      if (place.parent) sums.set(place.parent, (sums.get(place.parent) ?? 0) + sum)
    }
    return sums
  },
  sort: (places, weights) =>
    places.sort((a, b) => (weights?.get(b) ?? -1) - (weights?.get(a) ?? -1)),
})

/** Children are kept in the order of their start. */
const started = (isNewestFirst: boolean): ProcessOrder => ({
  weigh: () => null,
  sort: (places) => (isNewestFirst ? places.reverse() : places),
})

export const PROCESS_ORDERS: Readonly<Record<OrderName, ProcessOrder>> = {
  start: started(false),
  age: started(true),
  cpu: sumOf((node) => node.cpuPercent),
  memory: sumOf((node) => node.rssBytes),
}
