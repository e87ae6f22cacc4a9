import type { FileChange } from '../../shared/domain/file-changes.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'

/** One change of a file, at the moment it was seen. */
export interface FileStep extends FileChange {
  readonly seq: number
  readonly atMs: number
  readonly monoMs: number
}

/** Every change of the file that is at `path` in the end, also under names it had before. */
export function historyOf(events: readonly TimelineEvent[], path: string): FileStep[] {
  const steps: FileStep[] = []
  let name = path
  for (let index = events.length - 1; index >= 0; index--) {
    const { fact, seq, atMs, monoMs } = events[index]!
    if (fact.type !== 'file/changed') continue
    const { type: _, ...change } = fact
    if (fact.isFolder) {
      if (fact.from !== null && name.startsWith(`${fact.path}/`))
        name = fact.from + name.slice(fact.path.length)
      continue
    }
    if (fact.path !== name) continue
    steps.push({ ...change, seq, atMs, monoMs })
    // What stood at the new name before is the file's history; the passing name is not.
    if (fact.from !== null && fact.before.kind === 'absent') name = fact.from
  }
  return steps.reverse()
}
