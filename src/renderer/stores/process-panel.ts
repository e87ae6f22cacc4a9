import { useMemo } from 'react'
import { create } from 'zustand'
import type { ProcessKey, ProcessNode } from '../../shared/domain/process.ts'
import {
  createProcessForest,
  pastKey,
  type ProcessForest,
  type ProcessRow,
} from './process-forest.ts'
import { type OrderName, PROCESS_ORDERS } from './process-order.ts'
import { useView, useViewStore, type ViewStore } from './view.ts'

interface ProcessPanel {
  readonly order: OrderName
  readonly showsEnded: boolean
  readonly query: string
  readonly folds: ReadonlySet<string>
}

/** How the tree is looked at; folds and query last as long as its session is shown. */
export const useProcessPanel = create<ProcessPanel>(() => ({
  order: 'start',
  showsEnded: true,
  query: '',
  folds: new Set(),
}))

export const setProcessPanel = (patch: Partial<ProcessPanel>): void =>
  useProcessPanel.setState(patch)

/** Another session is shown. */
export const forgetFolds = (): void => setProcessPanel({ query: '', folds: new Set() })

export function turnFold(key: string): void {
  const folds = new Set(useProcessPanel.getState().folds)
  if (!folds.delete(key)) folds.add(key)
  setProcessPanel({ folds })
}

/** Opens whatever hides this process. */
export function unfold(forest: ProcessForest, key: ProcessKey): void {
  const before = useProcessPanel.getState().folds
  const folds = new Set(before)
  const path = forest.pathTo(key)
  for (const above of path.slice(0, -1)) folds.delete(above)
  // What is past below it stands in the same fold.
  const firstPast = path.findIndex((at) => forest.isPast(at))
  if (firstPast !== -1) folds.add(pastKey(path[firstPast - 1] ?? null))
  if (folds.size !== before.size || [...folds].some((fold) => !before.has(fold)))
    setProcessPanel({ folds })
}

const forests = new WeakMap<ViewStore, ProcessForest>()

/** The forest of a view, kept as long as the view: what was folded away stays so. */
export function forestOf(view: ViewStore): ProcessForest {
  const forest = forests.get(view) ?? createProcessForest()
  forests.set(view, forest)
  const { events, state } = view.getState()
  forest.sync(events, state)
  return forest
}

/** Matches what a person can see of a process: name, arguments, pid, role, program. */
export function matcherOf(query: string): ((node: ProcessNode) => boolean) | null {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return null
  return ({ name, argv, pid, role, exe }) => {
    const text = [name, ...argv, String(pid), role ?? '', exe ?? ''].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  }
}

export function useProcessRows(): { forest: ProcessForest; rows: readonly ProcessRow[] } {
  const view = useViewStore()
  const state = useView((shown) => shown.state)
  const { order, showsEnded, query, folds } = useProcessPanel()
  return useMemo(() => {
    const forest = forestOf(view)
    const matches = matcherOf(query)
    const rows = forest.rows({ order: PROCESS_ORDERS[order], showsEnded, folds, matches })
    return { forest, rows, state }
  }, [view, state, order, showsEnded, query, folds])
}
