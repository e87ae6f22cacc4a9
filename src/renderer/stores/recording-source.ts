import { keepLatest } from '../../shared/keep-latest.ts'
import type { ContentHash } from '../../shared/domain/file-changes.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import type { RecordingBundle } from '../../shared/recording/bundle.ts'
import type { Marker } from '../../shared/recording/asciicast.ts'
import { currentConnection } from '../connection.ts'
import { loadRecords, openRecordedLog, type RecordedLog, recordedLogOf } from './recorded-log.ts'
import type { TerminalRecord } from '../../shared/terminal-log.ts'

/** `lost`: the recording no longer has it, or it is damaged. */
export type LoadedContent = { readonly text: string } | 'binary' | 'lost'

/** Where a recording comes from. Everything rejects when the connection to it is lost. */
export interface RecordingSource {
  events(isGivenUp: () => boolean): Promise<readonly TimelineEvent[]>
  terminal(): Promise<RecordedLog>
  /** All of the terminal at once, for what leaves with it. */
  records(isGivenUp: () => boolean): Promise<readonly TerminalRecord[]>
  content(hash: ContentHash): Promise<LoadedContent>
  /** Marks that are no events, on the clock of the recording that began at `createdAtMs`. */
  markers(createdAtMs: number): Promise<readonly Marker[]>
}

/** A recording, or a session that runs, of the host. */
export const hostSource = (id: SessionId): RecordingSource => ({
  events: (isGivenUp) => loadEvents(id, isGivenUp),
  terminal: () => openRecordedLog(id),
  records: (isGivenUp) => loadRecords(id, isGivenUp),
  content: createContentCache((hash) => askFor(id, hash)),
  markers: (createdAtMs) => saidIn(id, createdAtMs),
})

/** A recording that is wholly in memory. */
export const bundleSource = ({
  events,
  records,
  markers,
  contents,
}: RecordingBundle): RecordingSource => ({
  events: () => Promise.resolve(events),
  terminal: () => Promise.resolve(recordedLogOf(records)),
  records: () => Promise.resolve(records),
  content: (hash) => {
    const text = contents.get(hash)
    return Promise.resolve(text === undefined ? 'lost' : { text })
  },
  markers: () => Promise.resolve(markers),
})

const WHO = { person: 'You', agent: 'Agent', tool: 'Tool' } as const

/** What the agent wrote down of the conversation. It is an addition: without it all else is shown. */
async function saidIn(id: SessionId, createdAtMs: number): Promise<Marker[]> {
  const said = await currentConnection()
    ?.api.recording.transcript({ id })
    .catch(() => [])
  return (said ?? []).map(({ atMs, who, text }) => ({
    atMs: Math.max(0, atMs - createdAtMs),
    label: `${WHO[who]}: ${text}`,
  }))
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
