import { z } from 'zod'
import { ContentHash } from '../domain/file-changes.ts'
import { joined } from '../joined.ts'
import { TimelineEvent } from '../domain/timeline.ts'
import type { Marker } from './asciicast.ts'
import { decodeLog, encodeOutput, encodeResize, type TerminalRecord } from '../terminal-log.ts'

/** A whole recording in one value, as it leaves this machine. */
export interface RecordingBundle {
  readonly events: readonly TimelineEvent[]
  readonly records: readonly TerminalRecord[]
  /** What the agent wrote down of the conversation, and other moments that are no events. */
  readonly markers: readonly Marker[]
  /** Texts of the files that were changed; what is no text is left out. */
  readonly contents: ReadonlyMap<ContentHash, string>
  /** What was taken out before it was written. */
  readonly redacted: readonly { readonly name: string; readonly count: number }[]
}

const FORMAT = 'cloche-recording'

const Packed = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  events: z.array(TimelineEvent),
  /** Records of the terminal log, in base64. */
  terminal: z.string(),
  markers: z.array(z.strictObject({ atMs: z.number(), label: z.string() })),
  contents: z.record(ContentHash, z.string()),
  redacted: z.array(z.strictObject({ name: z.string(), count: z.number().int() })),
})

export const packBundle = ({
  events,
  records,
  markers,
  contents,
  redacted,
}: RecordingBundle): string =>
  JSON.stringify({
    ...{ format: FORMAT, version: 1, events, markers, redacted },
    contents: Object.fromEntries(contents),
    terminal: toBase64(encodeRecords(records)),
  })

/** null: it is no recording of ours, or one of a newer version. */
export function unpackBundle(text: string): RecordingBundle | null {
  const packed = Packed.safeParse(parseOrNull(text))
  if (!packed.success) return null
  const { events, terminal, markers, contents, redacted } = packed.data
  return {
    ...{ events, markers, redacted },
    records: decodeLog(fromBase64(terminal)).records,
    contents: new Map(
      Object.entries(contents).map(([hash, content]) => [ContentHash.parse(hash), content]),
    ),
  }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function encodeRecords(records: readonly TerminalRecord[]): Uint8Array {
  const parts = records.map((record) =>
    record.kind === 'output'
      ? encodeOutput(record.monoMs, record.bytes)
      : encodeResize(record.monoMs, record.cols, record.rows),
  )
  return joined(parts)
}

const PIECE = 0x6000

export function toBase64(bytes: Uint8Array): string {
  let text = ''
  // A multiple of three, so that the pieces join without padding between them.
  for (let at = 0; at < bytes.length; at += PIECE)
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + PIECE)))
  return text
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let index = 0; index < raw.length; index++) bytes[index] = raw.charCodeAt(index)
  return bytes
}
