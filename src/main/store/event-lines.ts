import { z } from 'zod'
import { Stamp, TimelineEvent } from '../../shared/domain/timeline.ts'
import { crc32 } from '../../shared/terminal-log.ts'

/** One event: eight hexadecimal digits of CRC-32 over the JSON, a space, the JSON, a newline. */
export function encodeEvent(event: TimelineEvent): Uint8Array {
  const json = Buffer.from(JSON.stringify(event))
  return Buffer.concat([Buffer.from(`${checksum(json)} `), json, Buffer.from('\n')])
}

const checksum = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, '0')

export interface DecodedEvents {
  readonly events: TimelineEvent[]
  readonly damage: string[]
  /** Length of the file without a line that was cut short. */
  readonly wholeBytes: number
}

/** A newer writer's event: sound, but of a type this version does not know. */
const Unknown = z.looseObject({ ...Stamp.shape, fact: z.looseObject({ type: z.string() }) })

/** Reads whatever is sound; every unreadable line is named and passed over. */
export function decodeEvents(bytes: Buffer): DecodedEvents {
  const events: TimelineEvent[] = []
  const damage: string[] = []
  let unknown = 0
  let line = 0
  let at = 0
  for (;;) {
    const end = bytes.indexOf(0x0a, at)
    if (end === -1) break
    line++
    const body = bytes.subarray(at + 9, end)
    const isSound = end - at > 9 && bytes.toString('latin1', at, at + 8) === checksum(body)
    at = end + 1
    if (!isSound) {
      damage.push(`event line ${line} is damaged`)
      continue
    }
    const value: unknown = JSON.parse(body.toString('utf8'))
    const event = TimelineEvent.safeParse(value)
    if (event.success) events.push(event.data)
    else if (Unknown.safeParse(value).success) unknown++
    else damage.push(`event line ${line} does not fit`)
  }
  if (at < bytes.length) damage.push('the last event was cut short')
  if (unknown > 0) damage.push(`${unknown} events are of a newer version and are not shown`)
  return { events, damage, wholeBytes: at }
}
