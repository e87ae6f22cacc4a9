import { useEffect, useMemo, useState } from 'react'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import {
  createWorkspaceTree,
  filesAtStart,
  type WorkspaceFile,
  type WorkspaceTree,
} from '../../shared/workspace-files.ts'
import type { ListedFiles } from './recording-source.ts'
import { useView } from './view.ts'

/** The workspace's files at any moment of a recording. */
export interface FileBrowser {
  /** After the event number `seq`. */
  files(seq: number): readonly WorkspaceFile[]
  file(seq: number, path: string): WorkspaceFile | null
}

/** `events` may grow. Going on is cheap; going back begins anew. */
export function createFileBrowser(
  listed: ListedFiles,
  events: readonly TimelineEvent[],
): FileBrowser {
  const start = filesAtStart(listed.files, events)
  let tree: WorkspaceTree | null = null
  let applied = 0
  let known: readonly WorkspaceFile[] | null = null

  const at = (seq: number): WorkspaceTree => {
    if (!tree || (applied > 0 && events[applied - 1]!.seq > seq)) {
      tree = createWorkspaceTree(start)
      applied = 0
      known = null
    }
    for (; applied < events.length && events[applied]!.seq <= seq; applied++) {
      const { fact } = events[applied]!
      if (fact.type !== 'file/changed') continue
      tree.apply(fact)
      known = null
    }
    return tree
  }
  return {
    files: (seq) => {
      const now = at(seq)
      return (known ??= now.files())
    },
    file: (seq, path) => at(seq).at(path),
  }
}

export type AllFiles =
  | { readonly status: 'loading' | 'failed' }
  | { readonly status: 'ready'; readonly listed: ListedFiles; readonly browser: FileBrowser }

/** Of the session in view, loaded when it is first wanted. */
export function useAllFiles(isWanted: boolean): AllFiles {
  const source = useView((view) => view.source)
  const events = useView((view) => view.events)
  const isReady = useView((view) => view.status === 'ready')
  const [listed, setListed] = useState<ListedFiles | 'loading' | 'failed'>('loading')
  useEffect(() => {
    if (!isWanted || !isReady) return undefined
    let isOver = false
    source.listed().then(
      (found) => !isOver && setListed(found),
      () => !isOver && setListed('failed'),
    )
    return () => {
      isOver = true
    }
  }, [source, isWanted, isReady])
  return useMemo(
    () =>
      typeof listed === 'string'
        ? { status: listed }
        : { status: 'ready', listed, browser: createFileBrowser(listed, events) },
    [listed, events],
  )
}
