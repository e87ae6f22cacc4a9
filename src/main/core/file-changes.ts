import type { SessionId } from '../../shared/domain/ids.ts'
import type {
  ContentHash,
  FileChange,
  FileContent,
  FileNeed,
} from '../../shared/domain/file-changes.ts'
import { processKey } from '../../shared/domain/process.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import type {
  ContentStore,
  FileReport,
  FileWatch,
  SeenChange,
  SeenContent,
  SeenNeed,
  WatchFiles,
} from './file-port.ts'
import type { Manifests } from './manifests.ts'
import type { Log, ObservedPrograms } from './ports.ts'
import { looksSecret, mayHoldCredentials } from './secret-names.ts'

export interface FileRecording {
  readonly contents: ContentStore
  readonly watchFiles: WatchFiles
  readonly manifests: Pick<Manifests, 'take'>
  readonly log: Log
  /** Takes a session's secrets out of bytes, keeping their number. */
  readonly blotBytes: (id: SessionId, bytes: Uint8Array) => Uint8Array
}

export interface RecordRequest extends FileRecording {
  readonly sessionId: SessionId
  /** See `FileWatchRequest`. */
  readonly folder: string
  readonly workspace: string
  readonly hidden: readonly string[]
  readonly programs: ObservedPrograms
  readonly learns: boolean
  readonly report: (facts: readonly Fact[]) => void
}

/** What is recorded in its turn, in batches. */
type Told = Extract<FileReport, { readonly type: 'changed' | 'needed' }>

/** Contents that are taken at a time. */
const BATCH = 64

/** Records what changes in a workspace, with its contents, until the watch is closed. */
export async function recordFiles(request: RecordRequest): Promise<FileWatch> {
  const { contents, sessionId, report, log } = request
  const waiting: Told[] = []
  /** Content of each path as it was last told. */
  const last = new Map<string, ContentHash | null>()
  let work: Promise<void> | null = null
  let isWhole = true
  let isObserved = false
  let listing: Promise<void> | null = null

  const watching = (source: 'calls' | 'folder' | 'none', reason: string | null): void =>
    report([{ type: 'file/watching', source, reason }])

  const blot = (bytes: Uint8Array): Uint8Array => request.blotBytes(sessionId, bytes)
  /** A content that cannot be kept (a full disk) takes nothing from the change itself. */
  const take = async (content: SeenContent): Promise<ContentHash | null> => {
    if (content.kind !== 'file' || content.kept === null || content.kept === 'same') return null
    return contents.take(sessionId, content.kept.copy, blot).catch((cause: unknown) => {
      log.error(`a content of ${sessionId} was not kept`, cause)
      return null
    })
  }

  const recordBatch = async (): Promise<void> => {
    const batch = waiting.splice(0, BATCH)
    const taken = await Promise.all(
      batch.map(async (seen) =>
        seen.type === 'changed' ? [await take(seen.before), await take(seen.after)] : [],
      ),
    )
    report(
      batch.map((seen, index): Fact => {
        if (seen.type === 'needed') return { type: 'file/needed', ...needOf(seen) }
        const [before = null, after = null] = taken[index] ?? []
        const { path, from } = seen
        const earlier = last.get(path) ?? null
        const later = sameAs(seen.after, last.get(from ?? path) ?? null, after)
        last.set(path, later)
        return {
          type: 'file/changed',
          ...changeOf(seen, sameAs(seen.before, earlier, before), later),
        }
      }),
    )
  }
  const pump = async (): Promise<void> => {
    while (waiting.length > 0)
      await recordBatch().catch((cause: unknown) =>
        log.error(`changes of files of ${sessionId} were not recorded`, cause),
      )
    work = null
  }

  const receive = (told: FileReport): void => {
    switch (told.type) {
      case 'ready':
        return
      case 'notices':
        isObserved = true
        return watching('calls', isWhole ? null : MANY_FOLDERS)
      case 'watching':
        // From now on changes are told: what is listed is how it was before them.
        listing ??= request.manifests.take(sessionId, request)
        isWhole = told.isWhole
        return watching('folder', told.isWhole ? NOBODY : `${NOBODY} ${MANY_FOLDERS}`)
      case 'missed':
        return report([{ type: 'file/missed' }])
      case 'changed':
      case 'needed':
        waiting.push(told)
        work ??= pump()
    }
  }
  const copies = await contents.open(sessionId)
  const watch = await request.watchFiles({
    folder: request.folder,
    workspace: request.workspace,
    hidden: request.hidden,
    programs: request.programs,
    learns: request.learns,
    copies,
    report: receive,
    lost: (reason) =>
      watching(
        'none',
        isObserved ? `${reason} Restart the session: its programs cannot write.` : reason,
      ),
  })
  if ('reason' in watch) {
    watching('none', watch.reason)
    await contents.close(sessionId)
    return { socket: null, close: () => Promise.resolve() }
  }
  return {
    socket: watch.socket,
    close: async () => {
      await watch.close()
      await work
      await listing
      await contents.close(sessionId)
    },
  }
}

const NOBODY = 'Who changes a file is not known here.'
const MANY_FOLDERS =
  'The workspace has more folders than are watched: of the others only what the session itself changes is seen.'

function needOf({ outcome, path, isFolder, reader }: SeenNeed): FileNeed {
  return {
    ...{ outcome, path, isFolder },
    isSecret: outcome === 'read' ? looksSecret(path) : mayHoldCredentials(path),
    reader: reader && processKey(reader.pid, reader.startTicks),
  }
}

const sameAs = (
  content: SeenContent,
  earlier: ContentHash | null,
  taken: ContentHash | null,
): ContentHash | null => (content.kind === 'file' && content.kept === 'same' ? earlier : taken)

function changeOf(
  { change, path, from, isFolder, writer, before, after }: SeenChange,
  beforeHash: ContentHash | null,
  afterHash: ContentHash | null,
): FileChange {
  return {
    ...{ change, path, from, isFolder },
    writer: writer && processKey(writer.pid, writer.startTicks),
    before: contentOf(before, beforeHash),
    after: contentOf(after, afterHash),
  }
}

const contentOf = (content: SeenContent, hash: ContentHash | null): FileContent =>
  content.kind === 'file' ? { kind: 'file', bytes: content.bytes, hash } : { kind: content.kind }
