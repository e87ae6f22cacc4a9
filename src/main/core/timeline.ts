import type { StreamSource } from '../../shared/contract/define.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import { isLive, type Session, type StartFailure } from '../../shared/domain/session.ts'
import type { Fact, Stamp, TimelineEvent } from '../../shared/domain/timeline.ts'
import {
  createProjector,
  emptyState,
  project,
  projectAll,
  type Projector,
  type SessionState,
} from '../../shared/projection.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { LIMITS } from '../../shared/rpc/frames.ts'
import type { Clock, EventStore, Log } from './ports.ts'

type EventFrame = Parameters<Parameters<StreamSource<TimelineEvent[], TimelineEvent[]>>[0]>[0]

export interface Timeline {
  /** Reads the recordings of earlier runs; what was live is closed as interrupted. Once, first. */
  recover(): Promise<void>
  create(session: Session): Promise<Result<void, StartFailure>>
  /** Stamps, projects, stores and tells. A fact about an unknown or removed session is dropped. */
  append(sessionId: SessionId, fact: Fact): void
  /** The same for facts that became known together: one copy of the state, one frame to viewers. */
  appendAll(sessionId: SessionId, facts: readonly Fact[]): void
  /** Sessions of earlier runs carry only the session; their processes and network are in the store. */
  state(sessionId: SessionId): SessionState | null
  /** Newest first. */
  sessions(): Session[]
  /** `Clock.monoMs` at which the session's clock reads zero. */
  monoOriginMs(sessionId: SessionId): number
  /** Every event so far in batches, then new ones. Nothing is kept in memory: the store is read. */
  watch(sessionId: SessionId): StreamSource<TimelineEvent[], TimelineEvent[]>
  /** Told whenever the projected session differs from before. */
  onSessionChange(changed: (session: Session) => void): void
  /** Told of all events of all sessions, with the state after them. */
  onEvents(
    told: (id: SessionId, events: readonly TimelineEvent[], state: SessionState) => void,
  ): void
  onRemoved(told: (session: Session) => void): void
  /** Deletes the recording. */
  remove(sessionId: SessionId): Promise<void>
}

export interface TimelineOptions {
  readonly store: EventStore
  readonly clock: Clock
  readonly log: Log
  /** Facts pass it before they are recorded or shown to anybody. */
  readonly blot: (sessionId: SessionId, fact: Fact) => Fact
}

interface Track {
  readonly projector: Projector
  /** null: an earlier run's; its clock stands still. */
  readonly monoOriginMs: number | null
  readonly viewers: Set<(events: readonly TimelineEvent[]) => void>
}

const createTrack = (from: SessionState, monoOriginMs: number | null): Track => ({
  // Nobody asks the host for processes that are gone.
  projector: createProjector({ from, forgetsEnded: true }),
  monoOriginMs,
  viewers: new Set(),
})

/** Owns the order of events: the only place where `seq` and times are given. */
export function createTimeline({ store, clock, log, blot }: TimelineOptions): Timeline {
  const tracks = new Map<SessionId, Track>()
  const listeners: ((session: Session) => void)[] = []
  const removals: ((session: Session) => void)[] = []
  const watchers: Parameters<Timeline['onEvents']>[0][] = []

  const stamp = (track: Track): Stamp => {
    const { seq, monoMs } = track.projector.state
    const now = track.monoOriginMs === null ? monoMs : clock.monoMs() - track.monoOriginMs
    return { seq: seq + 1, atMs: clock.wallMs(), monoMs: Math.max(monoMs, now) }
  }

  const apply = (id: SessionId, track: Track, events: readonly TimelineEvent[]): void => {
    const before = track.projector.state.session
    for (const event of events) track.projector.add(event)
    for (const event of events) store.append(id, event)
    for (const tell of track.viewers) tell(events)
    for (const told of watchers) told(id, events, track.projector.state)
    const { session } = track.projector.state
    if (session && session !== before) for (const changed of listeners) changed(session)
  }

  const appendAll: Timeline['appendAll'] = (id, facts) => {
    const track = tracks.get(id)
    if (!track) return log.warn(`${facts[0]?.type} of ${id} came when its recording was gone`)
    const { seq, ...moment } = stamp(track)
    for (let at = 0; at < facts.length; at += LIMITS.eventBatch) {
      const part = facts.slice(at, at + LIMITS.eventBatch)
      apply(
        id,
        track,
        part.map((fact, index) => ({
          seq: seq + at + index,
          ...moment,
          fact: blot(id, fact),
        })),
      )
    }
  }

  /** The moment of an interruption is the last one that is known, not the one of its discovery. */
  const interrupt = async (id: SessionId): Promise<SessionState> => {
    const found = await store.read(id)
    const state = projectAll(found?.events ?? [])
    const track = createTrack(state, null)
    const { atMs, monoMs } = state
    const add = (fact: Fact): void =>
      apply(id, track, [{ seq: track.projector.state.seq + 1, atMs, monoMs, fact }])
    for (const detail of found?.damage ?? [])
      add({ type: 'recording/damaged', part: 'events', detail })
    add({ type: 'session/interrupted', reason: 'Cloche or the machine stopped while it ran.' })
    return track.projector.state
  }

  const recoverOne = async (id: SessionId): Promise<void> => {
    const head = await store.head(id)
    if (!head) return log.warn(`the recording ${id} holds no session that could be read`)
    const { session, terminalBytes, damage } = head.summary
    const state = isLive(session)
      ? await interrupt(id)
      : { ...emptyState, ...head.last, session, terminalBytes, damage }
    tracks.set(id, createTrack(state, null))
  }

  return {
    recover: async () => {
      for (const id of await store.list())
        await recoverOne(id).catch((cause: unknown) =>
          log.error(`the recording ${id} could not be opened`, cause),
        )
      await store.flush()
    },
    create: async (session) => {
      const monoOriginMs = clock.monoMs()
      const fact = { type: 'session/created', session } as const
      const first = { seq: 0, atMs: clock.wallMs(), monoMs: 0, fact }
      const created = await store.create(first, session.id)
      if (!created.ok)
        return err({
          type: 'state_unwritable',
          path: store.terminalLogPath(session.id),
          detail: created.error.detail,
        })
      tracks.set(session.id, createTrack(project(emptyState, first), monoOriginMs))
      for (const changed of listeners) changed(session)
      for (const told of watchers) told(session.id, [first], project(emptyState, first))
      return ok(undefined)
    },
    append: (id, fact) => appendAll(id, [fact]),
    appendAll,
    state: (id) => tracks.get(id)?.projector.state ?? null,
    sessions: () =>
      [...tracks.values()]
        .flatMap(({ projector: { state } }) => (state.session ? [state.session] : []))
        .sort((a, b) => b.createdAtMs - a.createdAtMs),
    monoOriginMs: (id) => {
      const origin = tracks.get(id)?.monoOriginMs
      if (origin === undefined || origin === null)
        throw new Error(`session ${id} was not started by this process`)
      return origin
    },
    watch: (id) => (push) => watchTrack(tracks.get(id) ?? null, () => store.read(id), push, log),
    onSessionChange: (changed) => {
      listeners.push(changed)
    },
    onEvents: (told) => {
      watchers.push(told)
    },
    onRemoved: (told) => {
      removals.push(told)
    },
    remove: async (id) => {
      const session = tracks.get(id)?.projector.state.session
      tracks.delete(id)
      await store.remove(id)
      if (session) for (const told of removals) told(session)
    },
  }
}

/** Events that arrive while the earlier ones are read wait their turn. */
function watchTrack(
  track: Track | null,
  readEvents: () => ReturnType<EventStore['read']>,
  push: (frame: EventFrame) => void,
  log: Log,
): () => void {
  let isOver = false
  let waiting: TimelineEvent[] | null = []
  const tell = (events: readonly TimelineEvent[]): void => {
    if (waiting) waiting.push(...events)
    else push({ type: 'delta', seq: events.at(-1)?.seq ?? -1, change: [...events] })
  }
  track?.viewers.add(tell)

  const start = async (): Promise<void> => {
    const stored = (await readEvents())?.events ?? []
    if (isOver) return
    const lastSeq = stored.at(-1)?.seq ?? -1
    const events = [...stored, ...(waiting ?? []).filter(({ seq }) => seq > lastSeq)]
    waiting = null
    const batches: TimelineEvent[][] = []
    for (let at = 0; at < events.length; at += LIMITS.eventBatch)
      batches.push(events.slice(at, at + LIMITS.eventBatch))
    const [first = [], ...others] = batches
    push({ type: 'snapshot', seq: first.at(-1)?.seq ?? -1, state: first })
    for (const change of others) push({ type: 'delta', seq: change.at(-1)?.seq ?? -1, change })
  }
  start().catch((cause: unknown) => log.error('the events of a session could not be read', cause))
  return () => {
    isOver = true
    track?.viewers.delete(tell)
  }
}
