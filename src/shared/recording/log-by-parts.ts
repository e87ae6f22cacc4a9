import type { LogPoint, TerminalIndex } from '../domain/terminal-index.ts'
import { joined } from '../joined.ts'
import { keepLatest } from '../keep-latest.ts'
import { LIMITS } from '../rpc/frames.ts'
import { decodeLog, type Keyframe, readRecord, type TerminalRecord } from '../terminal-log.ts'

/** What lies between two points of an index. */
export interface LogPart {
  readonly records: readonly TerminalRecord[]
  /** Some of it could not be read: the records end where it is damaged. */
  readonly isDamaged: boolean
}

/** A terminal log of which only what is asked for is read. Everything rejects when it cannot be. */
export interface LogByParts {
  readonly index: TerminalIndex
  part(number: number): Promise<LogPart>
  /** The whole screen at a point; null: none was kept, or it is damaged. */
  screen(point: LogPoint): Promise<Keyframe | null>
}

const NO_PART: LogPart = { records: [], isDamaged: false }

/** `readAt`: `LIMITS.readBytes` of the log from a place on, fewer only at its end. */
export function readByParts(
  index: TerminalIndex,
  readAt: (at: number) => Promise<Uint8Array>,
): LogByParts {
  // A screen mostly stands where its part begins: what is read for one is there for the other.
  const read = keepingLatest(readAt, MOST_READS)
  const readPart = async (from: number, to: number): Promise<LogPart> => {
    const starts: number[] = []
    for (let at = from; at < to; at += LIMITS.readBytes) starts.push(at)
    const bytes = joined(await Promise.all(starts.map(read))).subarray(0, to - from)
    const { records, soundBytes } = decodeLog(bytes)
    return { records, isDamaged: soundBytes < to - from }
  }
  return {
    index,
    part: keepingLatest((number) => {
      const from = index.points[number]?.at
      const to = index.points[number + 1]?.at ?? index.bytes
      return from === undefined ? Promise.resolve(NO_PART) : readPart(from, to)
    }, MOST_PARTS),
    screen: async ({ at, screenAt }) => {
      if (screenAt === null) return null
      const isNear = screenAt >= at && screenAt - at < LIMITS.readBytes
      const near = isNear ? readRecord(await read(at), screenAt - at) : 'torn'
      const found = near === 'torn' ? readRecord(await read(screenAt), 0) : near
      return typeof found !== 'string' && found.record.kind === 'keyframe' ? found.record : null
    },
  }
}

/** Around the playhead: the part before, the one that is shown and two ahead. */
const MOST_PARTS = 4
const MOST_READS = 2

/** What was asked for last is kept, what is behind is dropped. */
function keepingLatest<T>(
  read: (number: number) => Promise<T>,
  most: number,
): (number: number) => Promise<T> {
  const kept = new Map<number, Promise<T>>()
  return (number) => {
    const reading = kept.get(number) ?? read(number)
    keepLatest(kept, number, reading, most)
    reading.catch(() => kept.delete(number))
    return reading
  }
}
