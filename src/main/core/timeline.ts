import type { StreamSource } from '../../shared/contract/define.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import { isLive, type Session, type StartFailure } from '../../shared/domain/session.ts'
import type { Fact, TimelineEvent } from '../../shared/domain/timeline.ts'
import { emptyState, project, projectAll, type SessionState } from '../../shared/projection.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { LIMITS } from '../../shared/rpc/frames.ts'
import type { Clock, EventStore, Log } from './ports.ts'

export interface Timeline {
  /** Starts a session's recording; the only way a session comes to be. */
  create(session: Session): Promise<Result<void, StartFailure>>
  append(id: SessionId, fact: Fact): void
  /** null: no such session. */
  state(id: SessionId): SessionState | null
  sessions(): Session[]
  /** `Clock.monoMs` at which the session's own clock reads zero. */
  monoOriginMs(id: SessionId): number
  /** Events from `fromSeq`, read from the recording. */
  read(id: SessionId, fromSeq: number): Promise<TimelineEvent[]>
  watch(id: SessionId): StreamSource<TimelineEvent[], TimelineEvent[]>
  /** Called whenever what a list shows of a session changed. */
  onSessionChange(changed: (session: Session) => void): void
  /** Reads every recording; a session that was live is closed as interrupted. */
  recover(): Promise<void>
  remove(id: SessionId): Promise<void>
}

export interface TimelineOptions {
  readonly store: EventStore
  readonly clock: Clock
  readonly log: Log
}

type Push = Parameters<StreamSource<TimelineEvent[], TimelineEvent[]>>[0]

interface Entry {
  state: SessionState
  /** Difference between the machine's monotonic clock and the session's. */
  monoOriginMs: number
  readonly viewers: Set<Push>
}

/** Stamps facts into events, records them, keeps each session's state, tells the viewers. */
export function createTimeline({ store, clock, log }: TimelineOptions): Timeline {
  const entries = new Map<SessionId, Entry>()
  let onChange: (session: Session) => void = () => undefined

  const stamp = (entry: Entry, fact: Fact): TimelineEvent => ({
    seq: entry.state.seq + 1,
    atMs: clock.wallMs(),
    monoMs: Math.max(entry.state.monoMs, clock.monoMs() - entry.monoOriginMs),
    fact,
  })

  const apply = (entry: Entry, event: TimelineEvent): void => {
    const before = entry.state.session
    entry.state = project(entry.state, event)
    for (const push of entry.viewers) push({ type: 'delta', seq: event.seq, change: [event] })
    if (entry.state.session && entry.state.session !== before) onChange(entry.state.session)
  }

  const append = (id: SessionId, fact: Fact): void => {
    const entry = entries.get(id)
    // Removed meanwhile: a late report of a session that no longer exists.
    if (!entry) return
    const event = stamp(entry, fact)
    store.append(id, event)
    apply(entry, event)
  }

  return {
    create: async (session) => {
      const entry: Entry = {
        state: emptyState,
        monoOriginMs: clock.monoMs(),
        viewers: new Set(),
      }
      const event = stamp(entry, { type: 'session/created', session })
      const created = await store.create(event, session.id)
      if (!created.ok)
        return err({
          type: 'state_unwritable',
          path: store.terminalLogPath(session.id),
          detail: created.error.detail,
        })
      entries.set(session.id, entry)
      apply(entry, event)
      return ok(undefined)
    },
    append,
    state: (id) => entries.get(id)?.state ?? null,
    sessions: () =>
      [...entries.values()]
        .map((entry) => entry.state.session)
        .filter((session): session is Session => session !== null)
        .sort((a, b) => b.createdAtMs - a.createdAtMs),
    monoOriginMs: (id) => entries.get(id)?.monoOriginMs ?? 0,
    read: async (id, fromSeq) => {
      await store.flush()
      const found = await store.read(id)
      return (found?.events ?? []).filter((event) => event.seq >= fromSeq)
    },
    watch: (id) => (push) => {
      const entry = entries.get(id)
      if (!entry) {
        push({ type: 'snapshot', seq: -1, state: [] })
        return () => undefined
      }
      return follow(entry, id, push)
    },
    onSessionChange: (changed) => {
      onChange = changed
    },
    recover: async () => {
      for (const id of await store.list()) {
        const found = await store.read(id).catch((cause: unknown) => {
          log.error(`recording ${id} could not be read`, cause)
          return null
        })
        if (!found) continue
        const state = projectAll(found.events)
        if (!state.session) continue
        entries.set(id, {
          state,
          monoOriginMs: clock.monoMs() - state.monoMs,
          viewers: new Set(),
        })
        if (isLive(state.session))
          append(id, { type: 'session/interrupted', reason: 'the host ended while it ran' })
      }
    },
    remove: async (id) => {
      entries.delete(id)
      await store.remove(id)
    },
  }

  /** The past comes from the recording, in batches; what happens meanwhile waits its turn. */
  function follow(entry: Entry, id: SessionId, push: Push): () => void {
    let isFollowing = true
    const waiting: TimelineEvent[] = []
    const keep: Push = (frame) => {
      if (frame.type === 'delta') waiting.push(...frame.change)
    }
    entry.viewers.add(keep)
    const catchUp = async (): Promise<void> => {
      await store.flush()
      const past = (await store.read(id))?.events ?? []
      if (!isFollowing) return
      entry.viewers.delete(keep)
      const lastSeq = past.at(-1)?.seq ?? -1
      const all = [...past, ...waiting.filter((event) => event.seq > lastSeq)]
      const first = all.slice(0, LIMITS.eventBatch)
      push({ type: 'snapshot', seq: first.at(-1)?.seq ?? -1, state: first })
      for (let at = LIMITS.eventBatch; at < all.length; at += LIMITS.eventBatch) {
        const change = all.slice(at, at + LIMITS.eventBatch)
        push({ type: 'delta', seq: change.at(-1)?.seq ?? 0, change })
      }
      entry.viewers.add(push)
    }
    catchUp().catch((cause: unknown) => log.error(`events of ${id} could not be read`, cause))
    return () => {
      isFollowing = false
      entry.viewers.delete(keep)
      entry.viewers.delete(push)
    }
  }
}
