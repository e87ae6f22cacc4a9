import type { FileHandle } from 'node:fs/promises'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { TimelineEvent } from '../../shared/domain/timeline.ts'
import { keepLatest } from '../../shared/keep-latest.ts'
import type { EventPage } from '../core/ports.ts'
import { decodeLines } from './event-lines.ts'
import { openOrNull } from './read-or-null.ts'

const READ_BYTES = 1024 * 1024
const NEWLINE = 0x0a
/** Recordings of which it is known where the last page ended. */
const MOST_KEPT = 16

/** Every event before byte `at` of the log comes before `seq`. */
interface Mark {
  readonly seq: number
  readonly at: number
}

/** Reads event logs page by page, each from where the one before ended. */
export function createEventPages(pathOf: (id: SessionId) => string): {
  read(id: SessionId, fromSeq: number, most: number): Promise<EventPage>
} {
  const marks = new Map<SessionId, Mark>()

  return {
    read: async (id, fromSeq, most) => {
      const file = await openOrNull(pathOf(id))
      if (!file) return { events: [], isLast: true }
      const known = marks.get(id)
      let at = known && known.seq <= fromSeq ? known.at : 0
      const events: TimelineEvent[] = []
      try {
        for (;;) {
          const { bytes, isEnd } = await readLines(file, at)
          const found = decodeLines(bytes).events.filter(({ seq }) => seq >= fromSeq)
          events.push(...found.slice(0, most))
          const last = events.at(-1)
          const isAll = found.length <= most
          // The last line may still grow, so what ends with it is read again.
          if (isAll && !isEnd) at += bytes.length
          if (last) keepLatest(marks, id, { seq: last.seq + 1, at }, MOST_KEPT)
          // So much is one answer, however few events that are.
          if (last || isEnd) return { events, isLast: isAll && isEnd }
        }
      } finally {
        await file.close()
      }
    },
  }
}

/** From `at` up to the end of a line, or of the file. */
async function readLines(
  file: FileHandle,
  at: number,
): Promise<{ readonly bytes: Uint8Array; readonly isEnd: boolean }> {
  for (let size = READ_BYTES; ; size *= 2) {
    const bytes = new Uint8Array(size)
    let read = 0
    for (let more = 1; more > 0 && read < size; read += more)
      more = (await file.read(bytes, read, size - read, at + read)).bytesRead
    if (read < size) return { bytes: bytes.subarray(0, read), isEnd: true }
    const end = bytes.lastIndexOf(NEWLINE)
    if (end !== -1) return { bytes: bytes.subarray(0, end + 1), isEnd: false }
  }
}
