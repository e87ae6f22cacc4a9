import type { ProcessKey, ProcessNode } from '../../shared/domain/process.ts'
import type { Mark } from './tracks.ts'

export interface FlameRows {
  readonly rows: Mark[][]
  begin(mark: Mark, node: ProcessNode): void
  end(key: ProcessKey): void
}

/**
 * Gives every process a row below that of its parent, the first that is free for as long as it
 * runs, so that a row can be searched by time.
 */
export function createFlameRows(): FlameRows {
  const rows: Mark[][] = []
  const rowOf = new Map<ProcessKey, number>()
  const taken = new Set<number>()
  /** Every row above it is taken. */
  let firstFree = 0

  const free = (from: number): number => {
    let row = Math.max(from, firstFree)
    while (taken.has(row)) row++
    if (from <= firstFree) firstFree = row
    return row
  }
  return {
    rows,
    begin: (mark, { key, parent }) => {
      const above = parent === null ? undefined : rowOf.get(parent)
      const row = free(above === undefined ? 0 : above + 1)
      while (rows.length <= row) rows.push([])
      rows[row]!.push(mark)
      taken.add(row)
      if (row === firstFree) firstFree++
      rowOf.set(key, row)
    },
    end: (key) => {
      const row = rowOf.get(key)
      if (row === undefined) return
      rowOf.delete(key)
      taken.delete(row)
      firstFree = Math.min(firstFree, row)
    },
  }
}
