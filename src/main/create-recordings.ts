import { realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Retention } from '../shared/domain/retention.ts'
import type { ProgramStarter } from './backends/program-starter.ts'
import { createAudit } from './core/audit.ts'
import type { FileRecording } from './core/file-changes.ts'
import type { ContentStore } from './core/file-port.ts'
import { createManifests, type Manifests } from './core/manifests.ts'
import type { AuditStore, Clock, EventStore, Log } from './core/ports.ts'
import type { TerminalIndexes } from './core/recording-port.ts'
import type { Secrets } from './core/secrets.ts'
import { createTimeline, type Timeline } from './core/timeline.ts'
import { isWithin } from './core/within.ts'
import { createListFiles } from './filewatch/list-files.ts'
import { readListed } from './filewatch/read-listed.ts'
import { createWatchFiles } from './filewatch/watch-files.ts'
import { openAuditLog } from './store/audit-log.ts'
import { createContentStore } from './store/contents.ts'
import { createDocumentStore } from './store/documents.ts'
import { createEventLog } from './store/event-log.ts'
import { createManifestStore } from './store/manifests.ts'
import { createTerminalIndexes } from './store/terminal-indexes.ts'
import type { DataDir } from './store/paths.ts'
import { VERSION } from './version.ts'

export interface RecordingsOptions {
  readonly dataDir: DataDir
  /** Folder of the built entries. */
  readonly entries: string
  readonly starter: Pick<ProgramStarter, 'piped'>
  readonly clock: Clock
  readonly log: Log
  readonly secrets: Secrets
}

export interface Recordings {
  readonly store: EventStore
  readonly indexes: TerminalIndexes
  readonly contents: ContentStore
  readonly manifests: Manifests
  readonly audit: AuditStore
  readonly timeline: Timeline
  readonly files: FileRecording
  readonly retention: ReturnType<typeof createDocumentStore<Retention>>
}

/** Wires everything that writes down what happens, and reads it again. */
export async function createRecordings(options: RecordingsOptions): Promise<Recordings> {
  const { dataDir, clock, log, secrets } = options
  const root = await realpath(dataDir.root)
  const store = createEventLog(dataDir.recordings, VERSION, log)
  const contents = createContentStore(dataDir.recordings)
  const start = (args: readonly string[]) =>
    options.starter.piped(join(options.entries, '../native/file-changes'), args)
  const watchFiles = createWatchFiles({ start, socketsIn: tmpdir(), log })
  const listFiles = createListFiles(start)
  /** A review's copy lies in our own folder, and nothing else that is ours lies in it. */
  const withOurs = <T extends { readonly folder: string; readonly hidden: readonly string[] }>(
    request: T,
  ): T =>
    isWithin(request.folder, root) ? request : { ...request, hidden: [...request.hidden, root] }
  const manifests = createManifests({
    ...{ clock, log, secrets },
    list: (request) => listFiles(withOurs(request)),
    store: createManifestStore(dataDir.recordings),
    read: readListed,
  })
  const audit = await openAuditLog(dataDir.root, log)
  const timeline = createTimeline({ store, clock, log, blot: secrets.blotFact })
  const auditor = createAudit(audit)
  timeline.onEvents(auditor.told)
  timeline.onRemoved((session) => auditor.removed(session, clock.wallMs()))
  return {
    ...{ store, contents, manifests, audit, timeline },
    indexes: createTerminalIndexes(dataDir.recordings),
    files: {
      ...{ contents, manifests, log, blotBytes: secrets.blotBytes },
      watchFiles: (request) => watchFiles(withOurs(request)),
    },
    retention: createDocumentStore(
      join(dataDir.root, 'retention.json'),
      Retention,
      1,
      KEEP_EVERYTHING,
    ),
  }
}

const KEEP_EVERYTHING: Retention = { days: null, bytes: null, kept: [] }
