import { create } from 'zustand'
import { TimelineEvent } from '../../shared/domain/timeline.ts'
import { decodeCast } from '../../shared/recording/asciicast.ts'
import { blocksIn } from '../../shared/recording/offline-page.ts'
import { emptyState, projectAll } from '../../shared/projection.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { terminalsIn } from '../../shared/recording/terminal-lines.ts'
import type { TerminalRecord } from '../../shared/terminal-log.ts'
import { openPacked, type PackedRecording } from './packed-recording.ts'
import { memorySource, type RecordingSource } from './recording-source.ts'

/** A recording from a file. Nothing of it is kept, and nothing of it reaches the host. */
export interface OpenedRecording {
  readonly name: string
  readonly source: RecordingSource
  /** What is known of where it comes from, as a sentence. */
  readonly origin: string
  /** Recorded by Cloche: it has a session, processes and all else. */
  readonly isOwn: boolean
}

interface Opened {
  readonly recording: OpenedRecording | null
  /** Why the last file could not be opened. */
  readonly problem: string | null
}

export const useOpened = create<Opened>(() => ({ recording: null, problem: null }))

export const closeOpened = (): void => useOpened.setState({ recording: null, problem: null })

const MOST_BYTES = 512 * 1024 * 1024

export async function openFile(file: File): Promise<void> {
  if (file.size > MOST_BYTES)
    return useOpened.setState({
      problem: `${file.name} is larger than ${MOST_BYTES / 1024 / 1024} MiB: cut it first.`,
    })
  const opened = await read(file.name, await file.text()).catch(() =>
    err(`${file.name} is damaged: the recording in it could not be read.`),
  )
  if (opened.ok) useOpened.setState({ recording: opened.value, problem: null })
  else useOpened.setState({ problem: opened.error })
}

async function read(name: string, text: string): Promise<Result<OpenedRecording, string>> {
  const blocks = blocksIn(text)
  if (blocks.length > 0) {
    const packed = await openPacked(blocks)
    return packed ? ok(ofPacked(name, packed)) : err(`${name} is of another version of Cloche.`)
  }
  const events = readEvents(text)
  if (events)
    return ok(
      ofPacked(name, { source: memorySource(events, terminalsIn(text), []), events, taken: [] }),
    )
  const cast = decodeCast(text)
  if (!cast.ok)
    return err(
      `${name} is no recording that is known here (HTML or JSON lines of Cloche, asciicast 2 or 3). ` +
        `As an asciicast, line ${cast.error.line}: ${cast.error.detail}.`,
    )
  const { version, records, markers, isTorn } = cast.value
  return ok({
    name: cast.value.title ?? name,
    source: memorySource(activityOf(records), new Map([[null, records]]), markers),
    origin: `asciicast version ${version}${isTorn ? ', cut off at its end' : ''}. It says nothing of processes, connections or files.`,
    isOwn: false,
  })
}

export function ofPacked(
  name: string,
  { source, events, taken }: PackedRecording,
): OpenedRecording {
  const { session } = projectAll(events, emptyState)
  const words = taken.map(({ name: what, count }) => `${what} (${count})`).join(', ')
  return {
    name: session?.title ?? name,
    source,
    origin: words === '' ? 'Nothing was taken out of it.' : `Taken out of it: ${words}.`,
    isOwn: true,
  }
}

/** null: they are no events of ours. */
function readEvents(text: string): TimelineEvent[] | null {
  const [first = '', ...others] = text.split('\n')
  if (!parse(first)) return null
  return [first, ...others].flatMap((line) => parse(line) ?? [])
}

function parse(line: string): TimelineEvent | null {
  try {
    return TimelineEvent.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}

/** What the terminal track shows of a recording without events. */
const activityOf = (records: readonly TerminalRecord[]): TimelineEvent[] => {
  let totalBytes = 0
  return records.flatMap((record, seq): TimelineEvent[] => {
    if (record.kind !== 'output') return []
    const bytes = record.bytes.length
    totalBytes += bytes
    const { monoMs } = record
    return [{ seq, atMs: monoMs, monoMs, fact: { type: 'terminal/active', bytes, totalBytes } }]
  })
}
