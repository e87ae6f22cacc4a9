import { keepLatest } from '../../shared/keep-latest.ts'
import type { ContentHash } from '../../shared/domain/file-changes.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import type { Marker } from '../../shared/recording/asciicast.ts'
import { markersOf } from '../../shared/recording/host-export-source.ts'
import { currentConnection } from '../connection.ts'
import { openRecordedLog, type RecordedLog, recordedLogOf } from './recorded-log.ts'
import type { TerminalRecord } from '../../shared/terminal-log.ts'

/** `lost`: the recording no longer has it, or it is damaged. */
export type LoadedContent = { readonly text: string } | 'binary' | 'lost'

/** Where a recording comes from. Everything rejects when the connection to it is lost. */
export interface RecordingSource {
  events(isGivenUp: () => boolean): Promise<readonly TimelineEvent[]>
  terminal(): Promise<RecordedLog>
  content(hash: ContentHash): Promise<LoadedContent>
  /** Marks that are no events, on the clock of the recording that began at `createdAtMs`. */
  markers(createdAtMs: number): Promise<readonly Marker[]>
}

/** A recording, or a session that runs, of the host. */
export const hostSource = (id: SessionId): RecordingSource => ({
  events: (isGivenUp) => loadEvents(id, isGivenUp),
  terminal: () => openRecordedLog(id),
  content: createContentCache((hash) => askFor(id, hash)),
  markers: (createdAtMs) => saidIn(id, createdAtMs),
})

/** A recording that is wholly in memory; it has no contents. */
export const memorySource = (
  events: readonly TimelineEvent[],
  records: readonly TerminalRecord[],
  markers: readonly Marker[],
): RecordingSource => ({
  events: () => Promise.resolve(events),
  terminal: () => Promise.resolve(recordedLogOf(records)),
  content: () => Promise.resolve('lost'),
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
