import type { SessionId } from '../../shared/domain/ids.ts'
import type { ContentHash, FileChange, FileNeed } from '../../shared/domain/file-changes.ts'
import type { ListedFile, WhyNotKnown } from '../../shared/domain/manifest.ts'
import type { Result } from '../../shared/result.ts'
import type { ObservedPrograms, ProcessRef } from './ports.ts'

export type SeenContent =
  | { readonly kind: 'absent' | 'unknown' }
  | {
      readonly kind: 'file'
      readonly bytes: number
      /** A copy by name, the same as was last told of this path, or none. */
      readonly kept: { readonly copy: string } | 'same' | null
    }

/** A change as it was seen; copies wait in the watch's folder and belong to who is told. */
export interface SeenChange extends Pick<FileChange, 'change' | 'path' | 'from' | 'isFolder'> {
  readonly writer: ProcessRef | null
  readonly before: SeenContent
  readonly after: SeenContent
}

/** See `FileNeed`. */
export interface SeenNeed extends Pick<FileNeed, 'outcome' | 'path' | 'isFolder'> {
  readonly reader: ProcessRef | null
}

export type FileReport =
  /** Programs may ask to be observed from now on. */
  | { readonly type: 'ready' }
  /** One was: calls are seen. */
  | { readonly type: 'notices' }
  | { readonly type: 'watching'; readonly isWhole: boolean }
  /** Changes came faster than they could be read; some are not told. */
  | { readonly type: 'missed' }
  | ({ readonly type: 'changed' } & SeenChange)
  | ({ readonly type: 'needed' } & SeenNeed)

export interface FileWatch {
  /** Where a program asks to be observed; null: nobody would. */
  readonly socket: string | null
  /** Resolves when all that was seen has been told. Further calls do nothing. */
  close(): Promise<void>
}

export interface FileWatchRequest {
  /** What is watched, on this machine. */
  readonly folder: string
  /** Where the programs of the session see it. */
  readonly workspace: string
  /** Absolute paths of what is neither told nor read, with all below them. */
  readonly hidden: readonly string[]
  readonly programs: ObservedPrograms
  /** Also what is opened and looked for. */
  readonly learns: boolean
  /** Where copies are put; exists, and belongs to the caller. */
  readonly copies: string
  readonly report: (report: FileReport) => void
  /** The watch ended by itself: programs that are observed can write no more files. */
  readonly lost: (reason: string) => void
}

/** Starts a watch of a workspace; an error, as a sentence, when this machine cannot. */
export type WatchFiles = (
  request: FileWatchRequest,
) => Promise<FileWatch | { readonly reason: string }>

/** Contents of files that recordings keep, each once in a recording. */
export interface ContentStore {
  /** A folder for copies that are still to be taken. */
  open(id: SessionId): Promise<string>
  /** Makes a copy a content; null: it is not there. `blot` takes secrets out, keeping the length. */
  take(
    id: SessionId,
    copy: string,
    blot: (bytes: Uint8Array) => Uint8Array,
  ): Promise<ContentHash | null>
  /** Removes copies that nobody took. */
  close(id: SessionId): Promise<void>
  /** null: not kept, or damaged: its bytes are not what its name says. */
  read(id: SessionId, hash: ContentHash): Promise<Uint8Array | null>
}

/** A listed file with that by which it is known again; the numbers as the kernel gives them. */
export interface ManifestRow extends Omit<ListedFile, 'isSettled'> {
  readonly inode: string
  readonly ctimeNs: string
  readonly mtimeNs: string
}

export interface FileList {
  readonly rows: readonly ManifestRow[]
  /** See `ManifestPage`. */
  readonly isWhole: boolean
}

export interface ListRequest {
  /** On this machine. */
  readonly folder: string
  /** See `FileWatchRequest`. */
  readonly hidden: readonly string[]
}

/** What is in a folder now. null: it cannot be told here. Never rejects. */
export type ListFiles = (request: ListRequest) => Promise<FileList | null>

/** Which files a workspace had as the watch of a session began. */
export interface Manifest extends FileList {
  readonly folder: string
  /** Wall clock, ns: what had changed last before this had not changed since the watch began. */
  readonly settledNs: string
  /** The session had values that are to be taken out of all that is kept of it. */
  readonly hasSecrets: boolean
}

export interface ManifestStore {
  /** `blot` takes secrets out of names, keeping the length. */
  write(id: SessionId, manifest: Manifest, blot: (bytes: Uint8Array) => Uint8Array): Promise<void>
  /** null: there is none, or it is damaged. */
  read(id: SessionId): Promise<Manifest | null>
}

/** The bytes of a listed file, which is at `now` below the folder, where it is still the same. */
export type ReadListed = (
  folder: string,
  row: ManifestRow,
  now: string,
) => Promise<Result<Uint8Array, WhyNotKnown>>
