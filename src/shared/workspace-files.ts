import type { FileChange, FileContent } from './domain/file-changes.ts'
import type { ListedFile } from './domain/manifest.ts'
import type { TimelineEvent } from './domain/timeline.ts'

/** A file of the workspace at one moment. */
export interface WorkspaceFile {
  readonly path: string
  /** How it was at the start; null: it was made since, or nobody knows that it was there. */
  readonly origin: ListedFile | null
  /** What it was after its last change; null: it has not been changed. */
  readonly content: FileContent | null
}

/**
 * What was there at the start: what was listed, without what was made while the list was, and with what the
 * list does not have and was there when it was first changed.
 */
export function filesAtStart(
  listed: readonly ListedFile[],
  events: readonly TimelineEvent[],
): ListedFile[] {
  const files = new Map(listed.map((file) => [file.path, file]))
  const seen = new Set<string>()
  const renamed: (readonly [from: string, to: string])[] = []
  const firstName = (path: string): string =>
    renamed.reduceRight((name, [from, to]) => moved(name, to, from) ?? name, path)

  for (const { fact } of events) {
    if (fact.type !== 'file/changed') continue
    const { path, from, before } = fact
    if (fact.isFolder) {
      if (from !== null) renamed.push([from, path])
      continue
    }
    const name = firstName(path)
    if (!seen.has(name)) {
      const known = files.get(name)
      if (before.kind === 'absent' && known && !known.isSettled) files.delete(name)
      if (before.kind === 'file' && !known)
        files.set(name, { path: name, kind: 'file', bytes: before.bytes, isSettled: false })
    }
    seen.add(name)
    if (from !== null) seen.add(firstName(from))
  }
  return [...files.values()]
}

/** What a path below `from` is when `from` is at `to`; null: it is not below it. */
const moved = (path: string, from: string, to: string): string | null =>
  path.startsWith(`${from}/`) ? to + path.slice(from.length) : null

interface Folder {
  readonly entries: Map<string, Folder | WorkspaceNode>
  /** Names in their order; null: not since the last change. */
  names: readonly string[] | null
}
type WorkspaceNode = Omit<WorkspaceFile, 'path'>

const isFolder = (node: Folder | WorkspaceNode | undefined): node is Folder =>
  node !== undefined && 'entries' in node

export interface WorkspaceTree {
  apply(change: FileChange): void
  at(path: string): WorkspaceFile | null
  /** Folder by folder, each in the order of its names. */
  files(): WorkspaceFile[]
}

/** The files of a workspace from its start on, change by change. */
export function createWorkspaceTree(start: Iterable<ListedFile>): WorkspaceTree {
  const top: Folder = { entries: new Map(), names: null }

  /** The folder in which the path's last name is; null: there is none. */
  const parentOf = (parts: readonly string[], makes: boolean): Folder | null => {
    let folder = top
    for (const part of parts.slice(0, -1)) {
      let next = folder.entries.get(part)
      if (!isFolder(next)) {
        if (!makes) return null
        next = { entries: new Map(), names: null }
        folder.entries.set(part, next)
        folder.names = null
      }
      folder = next
    }
    return folder
  }
  const find = (path: string): Folder | WorkspaceNode | undefined => {
    const parts = path.split('/')
    return parentOf(parts, false)?.entries.get(parts.at(-1) ?? '')
  }
  const take = (path: string): Folder | WorkspaceNode | undefined => {
    const parts = path.split('/')
    const name = parts.at(-1) ?? ''
    const folder = parentOf(parts, false)
    const node = folder?.entries.get(name)
    if (folder?.entries.delete(name)) folder.names = null
    return node
  }
  const place = (path: string, node: Folder | WorkspaceNode): void => {
    const parts = path.split('/')
    const folder = parentOf(parts, true)
    if (!folder) return
    folder.entries.set(parts.at(-1) ?? '', node)
    folder.names = null
  }

  for (const origin of start) place(origin.path, { origin, content: null })

  return {
    apply: (change) => {
      const { path, from, after } = change
      if (change.isFolder) {
        const gone = change.change === 'deleted' ? take(path) : from !== null && take(from)
        if (change.change === 'renamed' && gone) place(path, gone)
        return
      }
      const source = from === null ? find(path) : take(from)
      if (change.change === 'deleted' || after.kind === 'absent') take(path)
      else
        place(path, { origin: isFolder(source) ? null : (source?.origin ?? null), content: after })
    },
    at: (path) => {
      const node = find(path)
      return node === undefined || isFolder(node) ? null : { path, ...node }
    },
    files: () => {
      const all: WorkspaceFile[] = []
      const walk = (folder: Folder, prefix: string): void => {
        folder.names ??= [...folder.entries.keys()].sort()
        for (const name of folder.names) {
          const node = folder.entries.get(name)
          if (isFolder(node)) walk(node, `${prefix}${name}/`)
          else if (node) all.push({ path: prefix + name, ...node })
        }
      }
      walk(top, '')
      return all
    },
  }
}

/** Where what is in a file at a moment is to be had. */
export type WhereContent =
  /** In the recording: as it was after its last change, or before its next one. */
  | { readonly kind: 'recorded'; readonly content: FileContent; readonly atMs: number | null }
  /** Nowhere but on the disk, where nobody changed it since the start: under this name. */
  | { readonly kind: 'disk'; readonly now: string }
  /** Nobody knows it any more. */
  | { readonly kind: 'lost'; readonly why: 'missed' | 'moved_out' | 'moved_unseen' }

/** Of a file as it is after the event number `seq`; `events` are all there are, in their order. */
export function whereContent(
  file: WorkspaceFile,
  events: readonly TimelineEvent[],
  seq: number,
): WhereContent {
  if (file.content) return { kind: 'recorded', content: file.content, atMs: null }
  let name = file.path
  let isMissing = false
  for (const { fact, monoMs, seq: number } of events) {
    if (number <= seq) continue
    if (fact.type === 'file/missed') isMissing = true
    if (fact.type !== 'file/changed') continue
    const { path, from, writer, before, after } = fact
    if (fact.isFolder) {
      if (fact.change === 'deleted' && moved(name, path, path) !== null)
        return { kind: 'lost', why: 'moved_out' }
      if (from !== null) name = moved(name, from, path) ?? name
      continue
    }
    if (path !== name && from !== name) continue
    // What is told next may be not the first that was done.
    if (isMissing) return { kind: 'lost', why: 'missed' }
    if (path === name) return { kind: 'recorded', content: before, atMs: monoMs }
    // A rename changes nothing in it; only one whose call was seen was looked at before anything else.
    return writer === null
      ? { kind: 'lost', why: 'moved_unseen' }
      : { kind: 'recorded', content: after, atMs: monoMs }
  }
  return { kind: 'disk', now: name }
}
