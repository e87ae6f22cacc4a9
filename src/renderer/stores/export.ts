import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import type { Session } from '../../shared/domain/session.ts'
import { estimateBytes, type Sizes } from '../../shared/recording/estimate.ts'
import { exportRecording } from '../../shared/recording/export-recording.ts'
import type {
  ExportFormat,
  ExportSource,
  FurtherName,
} from '../../shared/recording/export-source.ts'
import { type Hits, type Looked, lookThrough } from '../../shared/recording/hits.ts'
import { hostExportSource } from '../../shared/recording/host-export-source.ts'
import { type Redaction, redactText } from '../../shared/recording/redaction.ts'
import { currentConnection } from '../connection.ts'
import { wordsOfFact } from '../words/facts.ts'
import { createExportScreen } from './export-screen.ts'
import { loadPageParts, squeeze } from './page-parts.ts'
import { fileName, saveBlob } from './save-file.ts'

/** A recording that was looked through, before anything of it leaves. */
export interface Prepared {
  readonly source: ExportSource
  readonly found: readonly Hits[]
  /** The terminals besides the agent's. */
  readonly further: readonly FurtherName[]
  readonly sizes: Sizes
}

export interface Watch {
  readonly progress: (share: number) => void
  readonly isGivenUp: () => boolean
}

/** Rejects when the connection is lost, and when it is given up. */
export async function prepare(
  id: SessionId,
  createdAtMs: number,
  redactions: readonly Redaction[],
  watch: Watch,
): Promise<Prepared> {
  const connection = currentConnection()
  if (!connection) throw new Error('not connected')
  const source = await hostExportSource(connection, id, createdAtMs)
  const looked: Looked = await lookThrough(source, redactions, orGiveUp(watch))
  const { found, further } = looked
  return { source, found, further, sizes: await estimateBytes(source, looked, squeeze) }
}

/** What one more word finds. */
export const lookFor = async (
  { source }: Prepared,
  redaction: Redaction,
  watch: Watch,
): Promise<readonly Hits[]> => (await lookThrough(source, [redaction], orGiveUp(watch))).found

const TYPES: Readonly<Record<ExportFormat, readonly [type: string, ending: string]>> = {
  html: ['text/html', 'html'],
  cast3: ['application/x-asciicast', 'cast'],
  cast2: ['application/x-asciicast', 'cast'],
  jsonl: ['application/jsonl', 'jsonl'],
}
/** The browser keeps what is handed to it, on the disk where it is much. */
const HANDED_LENGTH = 4 * 1024 * 1024

/** `terminal`: the one that a cast is to hold. */
export async function saveAs(
  format: ExportFormat,
  session: Session,
  { source }: Prepared,
  terminal: TerminalId | null,
  redactions: readonly Redaction[],
  watch: Watch,
): Promise<void> {
  const page = format === 'html' ? await loadPageParts() : null
  const leaving = {
    ...{ source, session, terminal, redactions },
    ...{ labelOf: wordsOfFact, createScreen: createExportScreen },
  }
  const [type, ending] = TYPES[format]
  const blobs: Blob[] = []
  let texts: string[] = []
  let length = 0
  const hand = (): void => {
    blobs.push(new Blob(texts))
    texts = []
    length = 0
  }
  const pieces = exportRecording(format, { ...leaving, progress: orGiveUp(watch) }, page)
  for await (const text of pieces) {
    texts.push(text)
    length += text.length
    if (length > HANDED_LENGTH) hand()
  }
  hand()
  const name = redactText(session.title, redactions)
  saveBlob(fileName(name, ending), new Blob(blobs, { type }))
}

/** Told in steps that can be seen. */
function orGiveUp({ progress, isGivenUp }: Watch): (share: number) => void {
  let told = -1
  return (share) => {
    if (isGivenUp()) throw new Error('given up')
    const percent = Math.floor(share * 100)
    if (percent !== told) progress(share)
    told = percent
  }
}
