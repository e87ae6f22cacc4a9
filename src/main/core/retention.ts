import type { SessionId } from '../../shared/domain/ids.ts'
import type { Retention } from '../../shared/domain/retention.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import type { Clock, DocumentStore, Log } from './ports.ts'

const DAY_MS = 24 * 3600 * 1000
/** Milliseconds between two looks. */
const LOOK_MS = 3600 * 1000

/** Pure: which recordings have to go, the oldest first. */
export function expired(
  sessions: readonly Session[],
  bytesOf: ReadonlyMap<SessionId, number>,
  { days, bytes, kept }: Retention,
  nowMs: number,
): SessionId[] {
  const oldestFirst = sessions
    // What a person has not looked at yet does not go by itself.
    .filter((session) => !isLive(session) && session.review !== 'open')
    .sort((a, b) => endOf(a) - endOf(b))
  let total = sessions.reduce((sum, { id }) => sum + (bytesOf.get(id) ?? 0), 0)
  const gone: SessionId[] = []
  for (const session of oldestFirst) {
    if (kept.includes(session.id)) continue
    const isOld = days !== null && endOf(session) < nowMs - days * DAY_MS
    if (!isOld && (bytes === null || total <= bytes)) continue
    gone.push(session.id)
    total -= bytesOf.get(session.id) ?? 0
  }
  return gone
}

const endOf = (session: Session): number => session.endedAtMs ?? session.createdAtMs

export interface RetentionOptions {
  readonly document: DocumentStore<Retention>
  readonly clock: Clock
  readonly log: Log
  readonly sessions: () => Session[]
  /** Bytes on disk of one recording with all its parts. */
  readonly bytesOf: (id: SessionId) => Promise<number>
  readonly remove: (id: SessionId) => Promise<unknown>
}

export interface RecordingRetention {
  get(): Retention
  set(retention: Retention): Promise<void>
  /** Removes what has to go, now and every hour. The first call returns when it is done. */
  start(): Promise<void>
  close(): void
}

export function createRetention(options: RetentionOptions, first: Retention): RecordingRetention {
  let retention = first
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> = Promise.resolve()

  const look = async (): Promise<void> => {
    if (retention.days === null && retention.bytes === null) return
    const sessions = options.sessions()
    const sizes = await Promise.all(
      sessions.map(async ({ id }) => [id, await options.bytesOf(id)] as const),
    )
    for (const id of expired(sessions, new Map(sizes), retention, options.clock.wallMs())) {
      options.log.info(`the recording ${id} is removed: it is older or larger than what is kept`)
      await options.remove(id)
    }
  }
  /** One after the other, so that none is removed twice. */
  const lookSoon = (): Promise<void> => {
    looking = looking
      .then(look)
      .catch((cause: unknown) => options.log.error('old recordings could not be removed', cause))
    return looking
  }
  return {
    get: () => retention,
    set: async (next) => {
      retention = next
      await options.document.save(next)
      await lookSoon()
    },
    start: () => {
      timer ??= setInterval(() => void lookSoon(), LOOK_MS).unref()
      return lookSoon()
    },
    close: () => {
      if (timer) clearInterval(timer)
    },
  }
}
