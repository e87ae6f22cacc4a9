import type { ProcessKey, ProcessNode } from '../../shared/domain/process.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import type { SessionState } from '../../shared/projection.ts'
import type { ProcessOrder } from './process-order.ts'

/** What ended longer ago is folded into one row of its parent, in ms. */
export const RECENT_MS = 10_000

export type ProcessRow =
  | {
      readonly kind: 'process'
      readonly key: ProcessKey
      readonly node: ProcessNode
      readonly depth: number
      /** null: it has nothing below it. */
      readonly isOpen: boolean | null
      /** Shown for what is below it only. */
      readonly isContext: boolean
    }
  | {
      readonly kind: 'past'
      /** See `pastKey`. */
      readonly key: string
      readonly depth: number
      readonly count: number
      readonly isOpen: boolean
    }

export interface RowOptions {
  readonly order: ProcessOrder
  readonly showsEnded: boolean
  /** Rows whose fold the person turned round: a process is open, its past is closed. */
  readonly folds: ReadonlySet<string>
  /** null: all. With it everything that matches is shown, below what leads to it. */
  readonly matches: ((node: ProcessNode) => boolean) | null
}

export interface ProcessForest {
  /** Follows the events up to the state's; a step back starts again from the state alone. */
  sync(events: readonly TimelineEvent[], state: SessionState): void
  rows(options: RowOptions): ProcessRow[]
  /** From the first process down to this one. */
  pathTo(key: ProcessKey): ProcessKey[]
  /** The process and all below it, parents first. */
  below(key: ProcessKey): ProcessKey[]
  /** How many below it have not ended. */
  runningBelow(key: ProcessKey): number
  /** Whether it is among what ended long ago. */
  isPast(key: ProcessKey): boolean
}

interface Entry {
  readonly key: ProcessKey | null
  parent: Entry | null
  /** What runs, what ended lately, and what has such below it. */
  current: Set<Entry>
  past: Set<Entry>
  /** Processes in `past`, with all below them. */
  pastCount: number
}

const newEntry = (key: ProcessKey | null): Entry => ({
  key,
  parent: null,
  current: new Set(),
  past: new Set(),
  pastCount: 0,
})

/** The row that what ended long ago below a process is folded into; null: below none. */
export const pastKey = (parent: ProcessKey | null): string => `past of ${parent ?? 'none'}`

/**
 * The shape of a session's process tree, kept between looks: a look costs what runs and what ended
 * lately, not what ever ran. Nodes are taken from the state it was last synced with.
 */
export function createProcessForest(): ProcessForest {
  let entries = new Map<ProcessKey, Entry>()
  let top = newEntry(null)
  let state: SessionState | null = null
  let applied = 0

  const nodeOf = (entry: Entry): ProcessNode | undefined =>
    entry.key === null ? undefined : state?.processes.get(entry.key)

  const addCount = (from: Entry | null, count: number): void => {
    if (from) from.pastCount += count
  }
  /** Something below it may run: none above it is past. */
  const revive = (entry: Entry): void => {
    for (let at = entry; at.parent?.past.has(at); at = at.parent) {
      addCount(at.parent, -(1 + sizeBelow(at)))
      at.parent.past.delete(at)
      at.parent.current.add(at)
    }
  }
  const sizeBelow = (entry: Entry): number => {
    let size = 0
    const open = [...entry.current, ...entry.past]
    for (let next = open.pop(); next; next = open.pop()) {
      size++
      open.push(...next.current, ...next.past)
    }
    return size
  }
  const detach = (entry: Entry): void => {
    const { parent } = entry
    if (!parent) return
    if (parent.past.delete(entry)) addCount(parent, -(1 + sizeBelow(entry)))
    parent.current.delete(entry)
  }
  const attach = (entry: Entry, parentKey: ProcessKey | null): void => {
    const parent = (parentKey !== null && entries.get(parentKey)) || top
    // A loop would hide all of it; the kernel makes none, a damaged recording may.
    if (entry === parent) return
    if (entry.current.size + entry.past.size > 0)
      for (let at: Entry | null = parent; at; at = at.parent) if (at === entry) return
    detach(entry)
    entry.parent = parent
    parent.current.add(entry)
    revive(parent)
  }

  const apply = ({ fact }: TimelineEvent): void => {
    if (fact.type === 'proc/started') {
      const known = entries.get(fact.node.key)
      if (!known) entries.set(fact.node.key, newEntry(fact.node.key))
      attach(entries.get(fact.node.key)!, fact.node.parent)
    } else if (fact.type === 'proc/reparented') {
      const entry = entries.get(fact.key)
      if (entry) attach(entry, fact.parent)
    }
  }

  const restart = (processes: SessionState['processes']): void => {
    entries = new Map()
    top = newEntry(null)
    for (const key of processes.keys()) entries.set(key, newEntry(key))
    for (const { key, parent } of processes.values()) attach(entries.get(key)!, parent)
  }

  /** Parents before children, what ended long ago left out. */
  const currentOrder = (): Entry[] => {
    const order: Entry[] = []
    const open = [...top.current]
    for (let next = open.pop(); next; next = open.pop()) {
      order.push(next)
      open.push(...next.current)
    }
    return order
  }

  /** Folds away what ended long ago and has nothing current left below it. */
  const age = (): void => {
    const beforeMs = (state?.atMs ?? 0) - RECENT_MS
    for (const entry of currentOrder().reverse()) {
      const endedAtMs = nodeOf(entry)?.endedAtMs ?? null
      if (endedAtMs === null || endedAtMs >= beforeMs || entry.current.size > 0) continue
      const { parent } = entry
      if (!parent) continue
      parent.current.delete(entry)
      parent.past.add(entry)
      addCount(parent, 1 + entry.pastCount)
    }
  }

  /** Those that match and what leads to them. */
  const wanted = (matches: (node: ProcessNode) => boolean): Map<Entry, 'match' | 'context'> => {
    const found = new Map<Entry, 'match' | 'context'>()
    for (const [key, entry] of entries) {
      const node = state?.processes.get(key)
      if (!node || !matches(node)) continue
      found.set(entry, 'match')
      for (let at = entry.parent; at && at !== top && !found.has(at); at = at.parent)
        found.set(at, 'context')
    }
    return found
  }

  /** Entries that run or have a descendant that does. */
  const withLiving = (): Set<Entry> => {
    const living = new Set<Entry>()
    for (const entry of currentOrder().reverse())
      if (living.has(entry) || nodeOf(entry)?.endedAtMs === null) {
        living.add(entry)
        if (entry.parent) living.add(entry.parent)
      }
    return living
  }

  const rows = ({ order, showsEnded, folds, matches }: RowOptions): ProcessRow[] => {
    age()
    const found = matches && wanted(matches)
    const living = showsEnded ? null : withLiving()
    const weigh = order.weigh(currentOrder(), nodeOf)
    const childrenOf = (entry: Entry): Entry[] => {
      if (found) {
        const all = [...entry.past, ...entry.current].filter((child) => found.has(child))
        return order.sort(living ? all.filter((child) => living.has(child)) : all, weigh)
      }
      const current = [...entry.current]
      return order.sort(living ? current.filter((child) => living.has(child)) : current, weigh)
    }

    const shown: ProcessRow[] = []
    const open: { entry: Entry; depth: number; part: 'process' | 'past'; isPast: boolean }[] = []
    /** Last in, first out: what is to be shown first goes in last. */
    const push = (entry: Entry, depth: number, children: Entry[], isPast: boolean): void => {
      if (!isPast && !found && !living && entry.pastCount > 0)
        open.push({ entry, depth, part: 'past', isPast })
      for (const child of children.reverse())
        open.push({ entry: child, depth, part: 'process', isPast })
    }
    push(top, 0, childrenOf(top), false)
    for (let next = open.pop(); next; next = open.pop()) {
      const { entry, depth, part, isPast } = next
      if (part === 'past') {
        const key = pastKey(entry.key)
        const isOpen = folds.has(key)
        shown.push({ kind: 'past', key, depth, count: entry.pastCount, isOpen })
        if (isOpen) push(entry, depth + 1, [...entry.past], true)
        continue
      }
      const node = nodeOf(entry)
      if (!node) continue
      const children = isPast ? [...entry.past] : childrenOf(entry)
      const hasPast = !found && !living && entry.pastCount > 0
      const isLeaf = children.length === 0 && !hasPast
      const isOpen = !folds.has(node.key)
      const isContext = found?.get(entry) === 'context'
      shown.push({
        ...{ kind: 'process', key: node.key, node, depth, isContext },
        isOpen: isLeaf ? null : isOpen,
      })
      if (isOpen) push(entry, depth + 1, children, isPast)
    }
    return shown
  }

  return {
    rows,
    sync: (events, next) => {
      const isBack = state !== null && next.seq < state.seq
      state = next
      if (isBack) {
        restart(next.processes)
        while (applied > 0 && events[applied - 1]!.seq > next.seq) applied--
        return
      }
      for (; applied < events.length && events[applied]!.seq <= next.seq; applied++)
        apply(events[applied]!)
    },
    pathTo: (key) => {
      const path: ProcessKey[] = []
      for (let at = entries.get(key) ?? null; at && at.key !== null; at = at.parent)
        path.push(at.key)
      return path.reverse()
    },
    below: (key) => {
      const keys: ProcessKey[] = []
      const first = entries.get(key)
      const open = first ? [first] : []
      for (let next = open.pop(); next; next = open.pop()) {
        if (next.key !== null) keys.push(next.key)
        open.push(...[...next.past, ...next.current].reverse())
      }
      return keys
    },
    runningBelow: (key) => {
      let running = 0
      const open = [...(entries.get(key)?.current ?? [])]
      for (let next = open.pop(); next; next = open.pop()) {
        if (nodeOf(next)?.endedAtMs === null) running++
        open.push(...next.current)
      }
      return running
    },
    isPast: (key) => {
      const entry = entries.get(key)
      return entry?.parent?.past.has(entry) ?? false
    },
  }
}
