import { keepLatest } from '../../shared/keep-latest.ts'
import type { ContentHash } from '../../shared/domain/file-changes.ts'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { ListedFile, WhyNotKnown } from '../../shared/domain/manifest.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import type { Marker } from '../../shared/recording/asciicast.ts'
import { markersOf } from '../../shared/recording/host-export-source.ts'
import { currentConnection } from '../connection.ts'
import { openRecordedLog, type RecordedLog, recordedLogOf } from './recorded-log.ts'
import type { TerminalRecord } from '../../shared/terminal-log.ts'

/** `lost`: the recording no longer has it, or it is damaged. */
export type LoadedContent = { readonly text: string } | 'binary' | 'lost'

/** Files of the workspace as the watch of its session began. */
export interface ListedFiles {
  readonly files: readonly ListedFile[]
  /** What is missing of them: nothing, some, all for they were not listed, or all for a file holds no list. */
  readonly missing: 'none' | 'some' | 'unlisted' | 'exported'
}

/** Where a recording comes from. Everything rejects when the connection to it is lost. */
export interface RecordingSource {
  events(isGivenUp: () => boolean): Promise<readonly TimelineEvent[]>
  /** null: the agent's. */
  terminal(id: TerminalId | null): Promise<RecordedLog>
  content(hash: ContentHash): Promise<LoadedContent>
  listed(): Promise<ListedFiles>
  /** What was in a listed file, which is now at `now`. */
  atStart(path: string, now: string): Promise<LoadedContent | { readonly why: WhyNotKnown }>
  /** Marks that are no events, on the clock of the recording that began at `createdAtMs`. */
  markers(createdAtMs: number): Promise<readonly Marker[]>
}

/** A recording, or a session that runs, of the host. */
export const hostSource = (id: SessionId): RecordingSource => ({
  events: (isGivenUp) => loadEvents(id, isGivenUp),
  terminal: (terminal) => openRecordedLog(id, terminal),
  content: createContentCache((hash) => askFor(id, hash)),
  listed: createListCache(id),
  atStart: (path, now) => askForStart(id, path, now),
  markers: (createdAtMs) => saidIn(id, createdAtMs),
})

/** A file that left this machine holds what was changed, and nothing of the rest of the workspace. */
export const EXPORTED: Pick<RecordingSource, 'listed' | 'atStart'> = {
  listed: () => Promise.resolve({ files: [], missing: 'exported' }),
  atStart: () => Promise.resolve({ why: 'not_listed' }),
}

/** A recording that is wholly in memory; it has no contents. */
export const memorySource = (
  events: readonly TimelineEvent[],
  terminals: ReadonlyMap<TerminalId | null, readonly TerminalRecord[]>,
  markers: readonly Marker[],
): RecordingSource => ({
  events: () => Promise.resolve(events),
  terminal: (id) => Promise.resolve(recordedLogOf(terminals.get(id) ?? [])),
  content: () => Promise.resolve('lost'),
  ...EXPORTED,
  markers: () => Promise.resolve(markers),
})

/** What the agent wrote down of the conversation. It is an addition: without it all else is shown. */
async function saidIn(id: SessionId, createdAtMs: number): Promise<Marker[]> {
  const said = await currentConnection()
    ?.api.recording.transcript({ id })
    .catch(() => [])
  return markersOf(said ?? [], createdAtMs)
}

async function loadEvents(
  sessionId: SessionId,
  isGivenUp: () => boolean,
): Promise<TimelineEvent[]> {
  const events: TimelineEvent[] = []
  for (;;) {
    const connection = currentConnection()
    if (!connection || isGivenUp()) throw new Error('not connected')
    const fromSeq = (events.at(-1)?.seq ?? -1) + 1
    const page = await connection.api.recording.events({ id: sessionId, fromSeq })
    events.push(...page.events)
    if (page.isLast || page.events.length === 0) return events
  }
}

async function askFor(id: SessionId, hash: ContentHash): Promise<LoadedContent> {
  const connection = currentConnection()
  if (!connection) throw new Error('not connected')
  const found = await connection.api.recording.content({ id, hash })
  if (!found.ok) return 'lost'
  return found.value.text === null ? 'binary' : { text: found.value.text }
}

async function askForStart(
  id: SessionId,
  path: string,
  now: string,
): Promise<LoadedContent | { readonly why: WhyNotKnown }> {
  const connection = currentConnection()
  if (!connection) throw new Error('not connected')
  const found = await connection.api.recording.atStart({ id, path, now })
  if (!found.ok) return { why: found.error.why }
  return found.value.text === null ? 'binary' : { text: found.value.text }
}

async function loadListed(id: SessionId): Promise<ListedFiles> {
  const files: ListedFile[] = []
  for (;;) {
    const connection = currentConnection()
    if (!connection) throw new Error('not connected')
    const page = await connection.api.recording.manifest({ id, from: files.length })
    if (!page) return { files, missing: 'unlisted' }
    files.push(...page.files)
    if (page.isLast) return { files, missing: page.isWhole ? 'none' : 'some' }
  }
}

/** A list is made once; one that is not there yet is asked for again. */
function createListCache(id: SessionId): RecordingSource['listed'] {
  let kept: Promise<ListedFiles> | null = null
  return () => {
    const loading = (kept ??= loadListed(id))
    loading.then(
      ({ missing }) => {
        if (missing === 'unlisted') kept = null
      },
      () => {
        kept = null
      },
    )
    return loading
  }
}

const MOST_KEPT = 64

/** What was read lately is not asked for again. */
function createContentCache(
  ask: (hash: ContentHash) => Promise<LoadedContent>,
): (hash: ContentHash) => Promise<LoadedContent> {
  const kept = new Map<ContentHash, Promise<LoadedContent>>()
  return (hash) => {
    const known = kept.get(hash)
    if (known) return known
    const loading = ask(hash)
    keepLatest(kept, hash, loading, MOST_KEPT)
    loading.catch(() => kept.delete(hash))
    return loading
  }
}
