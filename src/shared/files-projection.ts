import type { FileChange, FileContent } from './domain/file-changes.ts'
import type { ProcessKey } from './domain/process.ts'

/** A file that the session changed, as it was at one moment. */
export interface ChangedFile {
  readonly path: string
  /** Before the session changed it for the first time. */
  readonly first: FileContent
  readonly now: FileContent
  readonly changes: number
  /** Those that are known, each once, the last last. */
  readonly writers: readonly ProcessKey[]
  /** A change of it was made by nobody who is known. */
  readonly hasUnknownWriter: boolean
  readonly lastAtMs: number
  /** Of the event that changed it last. */
  readonly lastSeq: number
}

/** Changes `files` in place. Folders have no content and are not listed. */
export function applyToFiles(
  files: Map<string, ChangedFile>,
  change: FileChange,
  at: { readonly atMs: number; readonly seq: number },
): void {
  if (change.isFolder) {
    if (change.change === 'renamed' && change.from !== null)
      moveAll(files, change.from, change.path)
    return
  }
  if (change.change === 'renamed' && change.from !== null) {
    const source = files.get(change.from)
    // A new file under a passing name leaves no trace there.
    if (source?.first.kind === 'absent') files.delete(change.from)
    else if (source) files.set(change.from, { ...source, now: { kind: 'absent' } })
  }
  const known = files.get(change.path)
  const writers = known?.writers ?? []
  const { writer } = change
  files.set(change.path, {
    path: change.path,
    first: known?.first ?? change.before,
    now: change.after,
    changes: (known?.changes ?? 0) + 1,
    writers: writer === null ? writers : [...writers.filter((key) => key !== writer), writer],
    hasUnknownWriter: (known?.hasUnknownWriter ?? false) || writer === null,
    lastAtMs: at.atMs,
    lastSeq: at.seq,
  })
}

function moveAll(files: Map<string, ChangedFile>, from: string, to: string): void {
  for (const [path, file] of [...files]) {
    if (!path.startsWith(`${from}/`)) continue
    files.delete(path)
    const moved = to + path.slice(from.length)
    files.set(moved, { ...file, path: moved })
  }
}

/** What became of it since the session began. */
export function fateOf({ first, now }: ChangedFile): 'added' | 'changed' | 'removed' | 'unchanged' {
  if (now.kind === 'absent') return first.kind === 'absent' ? 'unchanged' : 'removed'
  if (first.kind === 'absent') return 'added'
  const isSame =
    first.kind === 'file' && now.kind === 'file' && first.hash !== null && first.hash === now.hash
  return isSame ? 'unchanged' : 'changed'
}
