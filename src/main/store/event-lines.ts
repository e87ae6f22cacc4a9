import {
  RecordingHeader,
  type TimelineEvent,
  TimelineEvent as TimelineEventSchema,
} from '../../shared/domain/timeline.ts'
import { crc32 } from '../../shared/terminal-log.ts'

// One line per event: eight hex digits of the CRC-32 of the JSON, a space, the JSON. The first
// line is the header of the recording.

const NEWLINE = 0x0a
const CHECKSUM_BYTES = 9
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function encodeLine(value: RecordingHeader | TimelineEvent): Uint8Array {
  const json = encoder.encode(JSON.stringify(value))
  const line = new Uint8Array(CHECKSUM_BYTES + json.length + 1)
  line.set(encoder.encode(`${crc32(json).toString(16).padStart(8, '0')} `))
  line.set(json, CHECKSUM_BYTES)
  line[line.length - 1] = NEWLINE
  return line
}

export interface DecodedEvents {
  /** null: damaged, missing, or of a newer version. */
  readonly header: RecordingHeader | null
  readonly events: TimelineEvent[]
  /** One sentence per damaged part. */
  readonly damage: string[]
  /** Sound lines that a newer version wrote and this one does not understand. */
  readonly passedOver: number
}

/** Reads whatever is sound; never throws. */
export function decodeLines(bytes: Uint8Array): DecodedEvents {
  const events: TimelineEvent[] = []
  const badLines: number[] = []
  const damage: string[] = []
  let header: RecordingHeader | null = null
  let passedOver = 0
  let number = 0
  for (let start = 0; start < bytes.length; ) {
    number++
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline === -1 ? bytes.length : newline
    const value = decodeLine(bytes.subarray(start, end))
    if (value === undefined) {
      if (newline === -1) damage.push(`The last event was cut off (${end - start} bytes).`)
      else badLines.push(number)
    } else {
      const event = TimelineEventSchema.safeParse(value)
      const head = number === 1 ? RecordingHeader.safeParse(value) : null
      if (head?.success) header = head.data
      else if (event.success) events.push(event.data)
      else passedOver++
    }
    start = end + 1
  }
  if (badLines.length > 0) damage.unshift(sentence(badLines))
  return { header, events, damage, passedOver }
}

/** undefined: the checksum does not match, or matches something that is no JSON. */
function decodeLine(line: Uint8Array): unknown {
  if (line.length <= CHECKSUM_BYTES) return undefined
  const json = line.subarray(CHECKSUM_BYTES)
  const checksum = decoder.decode(line.subarray(0, CHECKSUM_BYTES))
  if (checksum !== `${crc32(json).toString(16).padStart(8, '0')} `) return undefined
  try {
    return JSON.parse(decoder.decode(json))
  } catch {
    return undefined
  }
}

function sentence(lines: readonly number[]): string {
  const shown = lines.slice(0, 10).join(', ')
  const rest = lines.length > 10 ? ` and ${lines.length - 10} more` : ''
  return lines.length === 1
    ? `Line ${shown} of the events is damaged and was passed over.`
    : `${lines.length} lines of the events are damaged and were passed over (${shown}${rest}).`
}

/** Where the next event may be appended: after the last whole line, or after a missing newline. */
export function appendPoint(tail: Uint8Array): { readonly cutBytes: number; newline: boolean } {
  const newline = tail.lastIndexOf(NEWLINE)
  const rest = tail.subarray(newline + 1)
  if (rest.length === 0) return { cutBytes: 0, newline: false }
  return decodeLine(rest) === undefined
    ? { cutBytes: rest.length, newline: false }
    : { cutBytes: 0, newline: true }
}
