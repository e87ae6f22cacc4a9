import type { ConnectionId } from './domain/ids.ts'
import { type Axis, type AxisReport, isDrift } from './domain/isolation.ts'
import type { LimitName } from './domain/limits.ts'
import type { Decision, Destination, PermissionRequest, Requester } from './domain/policy.ts'
import type { ProcessKey, ProcessNode } from './domain/process.ts'
import type { Session } from './domain/session.ts'
import type { TimelineEvent } from './domain/timeline.ts'

/** One attempted connection, from the request to its end. */
export interface NetworkEntry {
  readonly id: ConnectionId
  readonly destination: Destination
  readonly requester: Requester | null
  readonly requestedAtMs: number
  readonly decision: Decision | null
  readonly address: string | null
  readonly state: 'waiting' | 'refused' | 'connecting' | 'open' | 'closed' | 'failed'
  readonly reason: string | null
  readonly bytesUp: number
  readonly bytesDown: number
  readonly closedAtMs: number | null
}

export interface AnsweredPrompt {
  readonly request: PermissionRequest
  readonly decision: Decision
  readonly answeredAtMs: number
}

/** The last time a limit was reached, and how often it has been. */
export interface LimitReached {
  readonly atMs: number
  readonly times: number
  readonly detail: string
}

/** What earlier probes say about an axis: its last report alone does not know. */
export interface AxisTurn {
  /** Wall clock of the last probe that proved it enforced. */
  readonly heldAtMs: number | null
  /** Wall clock of the first probe of the drift that still lasts. */
  readonly driftSinceMs: number | null
}

/** Everything a view shows of one session at one moment, live or replayed. */
export interface SessionState {
  readonly session: Session | null
  /** seq of the last event applied; -1 before the first. */
  readonly seq: number
  readonly atMs: number
  readonly monoMs: number
  readonly processes: ReadonlyMap<ProcessKey, ProcessNode>
  readonly network: ReadonlyMap<ConnectionId, NetworkEntry>
  readonly pending: readonly PermissionRequest[]
  readonly answered: readonly AnsweredPrompt[]
  readonly axisTurns: ReadonlyMap<Axis, AxisTurn>
  readonly limitsReached: ReadonlyMap<LimitName, LimitReached>
  readonly terminalBytes: number
  readonly damage: readonly string[]
}

export const emptyState: SessionState = {
  session: null,
  seq: -1,
  atMs: 0,
  monoMs: 0,
  processes: new Map(),
  network: new Map(),
  pending: [],
  answered: [],
  axisTurns: new Map(),
  limitsReached: new Map(),
  terminalBytes: 0,
  damage: [],
}

const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> =>
  new Map(map).set(key, value)

function patchProcess(
  state: SessionState,
  key: ProcessKey,
  patch: Partial<ProcessNode>,
): ReadonlyMap<ProcessKey, ProcessNode> {
  const node = state.processes.get(key)
  return node ? withEntry(state.processes, key, { ...node, ...patch }) : state.processes
}

function patchConnection(
  state: SessionState,
  id: ConnectionId,
  patch: Partial<NetworkEntry>,
): ReadonlyMap<ConnectionId, NetworkEntry> {
  const entry = state.network.get(id)
  return entry ? withEntry(state.network, id, { ...entry, ...patch }) : state.network
}

function patchSession(state: SessionState, patch: Partial<Session>): Session | null {
  return state.session && { ...state.session, ...patch }
}

function turn(
  before: SessionState['axisTurns'],
  reports: readonly AxisReport[],
  atMs: number,
): SessionState['axisTurns'] {
  const turns = new Map(before)
  for (const report of reports) {
    const { axis, proven } = report
    const known = before.get(axis) ?? { heldAtMs: null, driftSinceMs: null }
    const probedAtMs = report.provenAtMs ?? atMs
    turns.set(axis, {
      heldAtMs: proven === 'enforced' ? probedAtMs : known.heldAtMs,
      driftSinceMs: isDrift(report) ? (known.driftSinceMs ?? probedAtMs) : null,
    })
  }
  return turns
}

/** Ends whatever was still open when the session ended, so that nothing looks alive after it. */
function settle(state: SessionState, event: TimelineEvent, patch: Partial<Session>): SessionState {
  const processes = new Map(state.processes)
  for (const [key, node] of processes) {
    if (node.endedAtMs === null)
      processes.set(key, { ...node, endedAtMs: event.atMs, exit: { kind: 'lost' }, cpuPercent: 0 })
  }
  return {
    ...state,
    processes,
    pending: [],
    session: patchSession(state, { ...patch, endedAtMs: event.atMs, pendingPrompts: 0 }),
  }
}

function reduce(state: SessionState, event: TimelineEvent): SessionState {
  const { fact } = event
  switch (fact.type) {
    case 'session/created':
      return { ...state, session: fact.session }
    case 'session/started':
      return {
        ...state,
        session: patchSession(state, { status: 'running', startedAtMs: event.atMs }),
      }
    case 'session/failed':
      return settle(state, event, { status: 'failed', failure: fact.failure })
    case 'session/stopping':
      return { ...state, session: patchSession(state, { status: 'stopping' }) }
    case 'session/ended':
      return settle(state, event, { status: 'ended', exit: fact.exit })
    case 'session/interrupted':
      return settle(state, event, { status: 'interrupted', exit: { kind: 'lost' } })
    case 'session/renamed':
      return { ...state, session: patchSession(state, { title: fact.title }) }
    case 'isolation/reported':
      return {
        ...state,
        session: patchSession(state, { axes: fact.axes }),
        axisTurns: turn(state.axisTurns, fact.axes, event.atMs),
      }
    case 'isolation/planned':
      return { ...state, session: patchSession(state, { policy: fact.policy }) }
    case 'limits/reported':
      return { ...state, session: patchSession(state, { limits: fact.limits }) }
    case 'limits/reached': {
      const times = (state.limitsReached.get(fact.limit)?.times ?? 0) + 1
      const reached = { atMs: event.atMs, times, detail: fact.detail }
      return { ...state, limitsReached: withEntry(state.limitsReached, fact.limit, reached) }
    }
    case 'port/opened':
    case 'port/closed':
      return state
    case 'terminal/active':
      return { ...state, terminalBytes: fact.totalBytes }
    case 'terminal/resized':
      return state
    case 'proc/started':
      return { ...state, processes: withEntry(state.processes, fact.node.key, fact.node) }
    case 'proc/exec': {
      const { key, name, argv, exe, cwd } = fact
      return { ...state, processes: patchProcess(state, key, { name, argv, exe, cwd }) }
    }
    case 'proc/reparented':
      return { ...state, processes: patchProcess(state, fact.key, { parent: fact.parent }) }
    case 'proc/sampled': {
      const processes = new Map(state.processes)
      for (const { key, ...sample } of fact.samples) {
        const node = processes.get(key)
        if (node) processes.set(key, { ...node, ...sample })
      }
      return { ...state, processes }
    }
    case 'proc/ended':
      return {
        ...state,
        processes: patchProcess(state, fact.key, {
          endedAtMs: event.atMs,
          exit: fact.exit,
          cpuPercent: 0,
        }),
      }
    case 'net/requested':
      return {
        ...state,
        network: withEntry(state.network, fact.connectionId, {
          id: fact.connectionId,
          destination: fact.destination,
          requester: fact.requester,
          requestedAtMs: event.atMs,
          decision: null,
          address: null,
          state: 'waiting',
          reason: null,
          bytesUp: 0,
          bytesDown: 0,
          closedAtMs: null,
        }),
      }
    case 'net/malformed':
      return state
    case 'net/decided': {
      const state_ = fact.decision.action === 'allow' ? 'connecting' : 'refused'
      return {
        ...state,
        network: patchConnection(state, fact.connectionId, {
          decision: fact.decision,
          state: state_,
          closedAtMs: state_ === 'refused' ? event.atMs : null,
        }),
      }
    }
    case 'net/opened':
      return {
        ...state,
        network: patchConnection(state, fact.connectionId, {
          state: 'open',
          address: fact.address,
        }),
      }
    case 'net/failed':
      return {
        ...state,
        network: patchConnection(state, fact.connectionId, {
          state: 'failed',
          reason: fact.reason,
          closedAtMs: event.atMs,
        }),
      }
    case 'net/closed':
      return {
        ...state,
        network: patchConnection(state, fact.connectionId, {
          state: 'closed',
          bytesUp: fact.bytesUp,
          bytesDown: fact.bytesDown,
          closedAtMs: event.atMs,
        }),
      }
    case 'prompt/raised': {
      const pending = [...state.pending, fact.request]
      return {
        ...state,
        pending,
        session: patchSession(state, { pendingPrompts: pending.length }),
      }
    }
    case 'prompt/joined':
      return {
        ...state,
        pending: state.pending.map((request) =>
          request.id === fact.promptId
            ? { ...request, connections: [...request.connections, fact.connectionId] }
            : request,
        ),
      }
    case 'prompt/answered': {
      const request = state.pending.find((item) => item.id === fact.promptId)
      if (!request) return state
      const pending = state.pending.filter((item) => item !== request)
      return {
        ...state,
        pending,
        answered: [
          ...state.answered,
          { request, decision: fact.decision, answeredAtMs: event.atMs },
        ],
        session: patchSession(state, { pendingPrompts: pending.length }),
      }
    }
    case 'rule/added':
    case 'rule/removed':
      return state
    case 'recording/damaged':
      return { ...state, damage: [...state.damage, `${fact.part}: ${fact.detail}`] }
    default:
      // A newer writer's event: old readers pass over it.
      return state
  }
}

/** Pure: the same code feeds the live view and the replay. */
export function project(state: SessionState, event: TimelineEvent): SessionState {
  const next = reduce(state, event)
  return { ...next, seq: event.seq, atMs: event.atMs, monoMs: event.monoMs }
}

export const projectAll = (
  events: Iterable<TimelineEvent>,
  from: SessionState = emptyState,
): SessionState => {
  let state = from
  for (const event of events) state = project(state, event)
  return state
}
