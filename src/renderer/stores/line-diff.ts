import { structuredPatch } from 'diff'

export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed' | 'gap'
  readonly text: string
  /** Line numbers from 1; null where the line is not. */
  readonly before: number | null
  readonly after: number | null
}

export interface LineDiff {
  readonly lines: readonly DiffLine[]
  readonly added: number
  readonly removed: number
}

const CONTEXT = 3
/** Further apart than so many lines, two texts have nothing in common worth showing. */
const MOST_EDITS = 20_000
const MOST_MS = 1000

/** What differs, with a few lines around it; null: too much for it to be worth showing. */
export function diffLines(before: string, after: string): LineDiff | null {
  const patch = structuredPatch('', '', before, after, '', '', {
    context: CONTEXT,
    maxEditLength: MOST_EDITS,
    timeout: MOST_MS,
  })
  if (!patch) return null
  const lines: DiffLine[] = []
  let added = 0
  let removed = 0
  for (const hunk of patch.hunks) {
    if (lines.length > 0 || hunk.oldStart > 1)
      lines.push({ kind: 'gap', text: '', before: hunk.oldStart, after: hunk.newStart })
    let old = hunk.oldStart
    let now = hunk.newStart
    for (const line of hunk.lines) {
      const text = line.slice(1)
      if (line.startsWith('+')) {
        added++
        lines.push({ kind: 'added', text, before: null, after: now++ })
      } else if (line.startsWith('-')) {
        removed++
        lines.push({ kind: 'removed', text, before: old++, after: null })
      } else if (line.startsWith(' ')) {
        lines.push({ kind: 'same', text, before: old++, after: now++ })
      }
    }
  }
  return { lines, added, removed }
}
