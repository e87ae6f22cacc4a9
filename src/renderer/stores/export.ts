import type { ContentHash } from '../../shared/domain/file-changes.ts'
import type { Session } from '../../shared/domain/session.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { type Cast, encodeCast, type Marker } from '../../shared/recording/asciicast.ts'
import { packBundle, type RecordingBundle } from '../../shared/recording/bundle.ts'
import { projectAll } from '../../shared/projection.ts'
import { wordsOfFact } from '../words/facts.ts'
import { loadOfflineParts, offlinePage } from './offline-page.ts'
import type { RecordingSource } from './recording-source.ts'
import { fileName, saveFile } from './save-file.ts'

export type ExportFormat = 'html' | 'cast3' | 'cast2' | 'jsonl'

/** Everything of a recording, with the texts of its files. */
export async function collect(
  source: RecordingSource,
  isGivenUp: () => boolean,
): Promise<RecordingBundle> {
  const events = await source.events(isGivenUp)
  const records = await source.records(isGivenUp)
  const contents = new Map<ContentHash, string>()
  for (const hash of hashesIn(events)) {
    if (isGivenUp()) throw new Error('given up')
    const content = await source.content(hash)
    if (typeof content !== 'string') contents.set(hash, content.text)
  }
  const markers = await source.markers(events[0]?.atMs ?? 0)
  return { events, records, markers, contents, redacted: [] }
}

const hashesIn = (events: readonly TimelineEvent[]): Set<ContentHash> =>
  new Set(
    events.flatMap(({ fact }) =>
      fact.type === 'file/changed'
        ? [fact.before, fact.after].flatMap((content) =>
            content.kind === 'file' && content.hash !== null ? [content.hash] : [],
          )
        : [],
    ),
  )

/** Everything in the file is of the bundle: what was taken out of it is nowhere else either. */
export async function saveAs(format: ExportFormat, bundle: RecordingBundle): Promise<void> {
  const { session } = projectAll(bundle.events)
  if (!session) throw new Error('the recording names no session')
  const { title } = session
  switch (format) {
    case 'html': {
      const page = await offlinePage(title, packBundle(bundle), await loadOfflineParts())
      return saveFile(fileName(title, 'html'), 'text/html', page)
    }
    case 'cast3':
      return saveCast(title, encodeCast(castOf(session, bundle), 3))
    case 'cast2':
      return saveCast(title, encodeCast(castOf(session, bundle), 2))
    case 'jsonl': {
      const lines = bundle.events.map((event) => JSON.stringify(event)).join('\n')
      return saveFile(fileName(title, 'jsonl'), 'application/jsonl', `${lines}\n`)
    }
  }
}

const saveCast = (title: string, text: string): void =>
  saveFile(fileName(title, 'cast'), 'application/x-asciicast', text)

/** A terminal alone, with marks where Cloche asked or refused. */
export function castOf(session: Session, { events, records, markers }: RecordingBundle): Cast {
  const decisions: Marker[] = events.flatMap(({ fact, monoMs }) =>
    fact.type === 'prompt/raised' ||
    fact.type === 'prompt/answered' ||
    fact.type === 'limits/reached' ||
    (fact.type === 'net/decided' && fact.decision.action === 'deny')
      ? [{ atMs: monoMs, label: wordsOfFact(fact) }]
      : [],
  )
  return {
    title: session.title,
    command: session.spec.command,
    startedAtMs: session.createdAtMs,
    records,
    markers: [...markers, ...decisions].sort((a, b) => a.atMs - b.atMs),
    exit: session.exit?.kind === 'exited' ? session.exit.code : null,
  }
}
