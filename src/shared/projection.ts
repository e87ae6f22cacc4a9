import { type AxisTurns, turn } from './axis-turns.ts'
import type { ConnectionId } from './domain/ids.ts'
import type { LimitName } from './domain/limits.ts'
import { withMode } from './domain/network-mode.ts'
import type { ProcessKey, ProcessNode } from './domain/process.ts'
import type { Session } from './domain/session.ts'
import type { FileNeed, FileWatching } from './domain/file-changes.ts'
import type { TimelineEvent } from './domain/timeline.ts'
import { applyToFiles, type ChangedFile } from './files-projection.ts'
import { applyToNetwork, type NetworkEntry } from './network-projection.ts'
import { applyToPrompts, countWaiting, type PromptsState } from './prompts-projection.ts'
import { applyToTerminals, endTerminals, type FurtherTerminal } from './terminals-projection.ts'

/** The last time a limit was reached, and how often it has been. */
export interface LimitReached {
  readonly atMs: number
  readonly times: number
  readonly detail: string
}

/** Everything a view shows of one session at one moment, live or replayed. */
export interface SessionState extends PromptsState {
  readonly session: Session | null
  /** seq of the last event applied; -1 before the first. */
  readonly seq: number
  readonly atMs: number
  readonly monoMs: number
  readonly processes: ReadonlyMap<ProcessKey, ProcessNode>
  /** How many of them have not ended. */
  readonly running: number
  /** A person froze the whole session and has not thawed it; `remained`: how many ran on all the same. */
  readonly frozen: { readonly sinceMs: number; readonly remained: number } | null
  /** How starts and ends are known; null before the first was looked for, and in old recordings. */
  readonly watching: {
    readonly source: 'connector' | 'sampler'
    readonly reason: string | null
  } | null
  readonly network: ReadonlyMap<ConnectionId, NetworkEntry>
  /** Files that the session changed, by path in the workspace. */
  readonly files: ReadonlyMap<string, ChangedFile>
  /** What it opened or looked for, by path; empty where that was not to be learned. */
  readonly needs: ReadonlyMap<string, FileNeed>
  /** null before the first was looked for, and in old recordings. */
  readonly fileWatching: FileWatching | null
  readonly axisTurns: AxisTurns
  readonly limitsReached: ReadonlyMap<LimitName, LimitReached>
  /** Of the agent's terminal. */
  readonly terminalBytes: number
  /** Besides the agent's, in the order of their opening. */
  readonly terminals: readonly FurtherTerminal[]
  readonly damage: readonly string[]
}

export const emptyState: SessionState = {
  session: null,
  seq: -1,
  atMs: 0,
  monoMs: 0,
  processes: new Map(),
  running: 0,
  frozen: null,
  watching: null,
  network: new Map(),
  files: new Map(),
  needs: new Map(),
  fileWatching: null,
  pending: [],
  answered: [],
  questions: [],
  axisTurns: new Map(),
  limitsReached: new Map(),
  terminalBytes: 0,
  terminals: [],
  damage: [],
}

/** The maps of a state, copied when they are first changed and at most once for many events. */
interface Draft {
  processes(state: SessionState): Map<ProcessKey, ProcessNode>
  network(state: SessionState): Map<ConnectionId, NetworkEntry>
  files(state: SessionState): Map<string, ChangedFile>
  needs(state: SessionState): Map<string, FileNeed>
}

function createDraft(): Draft {
  let processes: Map<ProcessKey, ProcessNode> | null = null
  let network: Map<ConnectionId, NetworkEntry> | null = null
  let files: Map<string, ChangedFile> | null = null
  let needs: Map<string, FileNeed> | null = null
  return {
    processes: (state) => (processes ??= new Map(state.processes)),
    network: (state) => (network ??= new Map(state.network)),
    files: (state) => (files ??= new Map(state.files)),
    needs: (state) => (needs ??= new Map(state.needs)),
  }
}

const patch = <K, V>(map: Map<K, V>, key: K, change: Partial<V>): Map<K, V> => {
  const value = map.get(key)
  return value === undefined ? map : map.set(key, { ...value, ...change })
}

function patchSession(state: SessionState, change: Partial<Session>): Session | null {
  return state.session && { ...state.session, ...change }
}

const alive = (node: ProcessNode): number => (node.endedAtMs === null ? 1 : 0)

/** Ends whatever was still open when the session ended, so that nothing looks alive after it. */
function settle(
  state: SessionState,
  event: TimelineEvent,
  draft: Draft,
  change: Partial<Session>,
): SessionState {
  const processes = draft.processes(state)
  for (const [key, node] of processes) {
    if (node.endedAtMs === null)
      processes.set(key, { ...node, endedAtMs: event.atMs, exit: { kind: 'lost' }, cpuPercent: 0 })
  }
  return {
    ...state,
    processes,
    running: 0,
    frozen: null,
    pending: [],
    questions: [],
    terminals: endTerminals(state.terminals, event.atMs),
    session: patchSession(state, { ...change, endedAtMs: event.atMs, pendingPrompts: 0 }),
  }
}

function reduce(state: SessionState, event: TimelineEvent, draft: Draft): SessionState {
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
      return settle(state, event, draft, { status: 'failed', failure: fact.failure })
    case 'session/stopping':
      return { ...state, frozen: null, session: patchSession(state, { status: 'stopping' }) }
    case 'session/ended':
      return settle(state, event, draft, { status: 'ended', exit: fact.exit })
    case 'session/interrupted':
      return settle(state, event, draft, { status: 'interrupted', exit: { kind: 'lost' } })
    case 'session/renamed':
      return { ...state, session: patchSession(state, { title: fact.title }) }
    case 'review/opened':
      return { ...state, session: patchSession(state, { review: 'open' }) }
    case 'review/closed':
      return { ...state, session: patchSession(state, { review: 'closed' }) }
    case 'isolation/reported': {
      const axes = withMode(fact.axes, state.session?.networkNow?.mode ?? 'ask')
      const axisTurns = turn(state.axisTurns, axes, event.atMs)
      return { ...state, session: patchSession(state, { axes }), axisTurns }
    }
    case 'network/switched': {
      const { mode, untilMs } = fact
      const axes = withMode(state.session?.axes ?? [], mode)
      return { ...state, session: patchSession(state, { networkNow: { mode, untilMs }, axes }) }
    }
    case 'isolation/planned':
      return { ...state, session: patchSession(state, { policy: fact.policy }) }
    case 'limits/reported':
      return { ...state, session: patchSession(state, { limits: fact.limits }) }
    case 'limits/changed': {
      const { limits, reports } = fact
      const { spec, asked } = state.session ?? {}
      return {
        ...state,
        session: patchSession(state, {
          ...(spec ? { spec: { ...spec, limits } } : {}),
          ...(asked ? { asked: { ...asked, limits } } : {}),
          limits: reports,
        }),
      }
    }
    case 'limits/reached': {
      const times = (state.limitsReached.get(fact.limit)?.times ?? 0) + 1
      const reached = { atMs: event.atMs, times, detail: fact.detail }
      const limitsReached = new Map(state.limitsReached).set(fact.limit, reached)
      return { ...state, limitsReached }
    }
    case 'isolation/changed':
    case 'isolation/restored':
    case 'port/opened':
    case 'port/closed':
    case 'files/copied':
    case 'file/missed':
    case 'terminal/resized':
      return state
    case 'terminal/active':
      return fact.terminal === undefined
        ? { ...state, terminalBytes: fact.totalBytes }
        : { ...state, terminals: applyToTerminals(state.terminals, fact, event.atMs) }
    case 'terminal/opened':
    case 'terminal/ended':
      return { ...state, terminals: applyToTerminals(state.terminals, fact, event.atMs) }
    case 'proc/started': {
      const { node } = fact
      const before = state.processes.get(node.key)
      const running = state.running + alive(node) - (before ? alive(before) : 0)
      return { ...state, running, processes: draft.processes(state).set(node.key, node) }
    }
    case 'proc/exec': {
      const { key, name, argv, exe, cwd, role } = fact
      return {
        ...state,
        processes: patch(draft.processes(state), key, { name, argv, exe, cwd, role }),
      }
    }
    case 'proc/controlled':
      return fact.scope === 'session' && (fact.action === 'freeze' || fact.action === 'thaw')
        ? {
            ...state,
            frozen:
              fact.action === 'freeze' ? { sinceMs: event.atMs, remained: fact.remained } : null,
          }
        : state
    case 'proc/orphaned':
      return state
    case 'proc/watching': {
      const { source, reason } = fact
      return { ...state, watching: { source, reason } }
    }
    case 'proc/reparented': {
      const { key, parent } = fact
      const node = state.processes.get(key)
      const startedBy = node?.startedBy ?? node?.parent
      return { ...state, processes: patch(draft.processes(state), key, { parent, startedBy }) }
    }
    case 'proc/sampled': {
      const processes = draft.processes(state)
      for (const { key, ...sample } of fact.samples) patch(processes, key, sample)
      return { ...state, processes }
    }
    case 'proc/ended': {
      const node = state.processes.get(fact.key)
      return {
        ...state,
        running: state.running - (node ? alive(node) : 0),
        processes: patch(draft.processes(state), fact.key, {
          endedAtMs: fact.endedAtMs ?? event.atMs,
          exit: fact.exit,
          cpuPercent: 0,
        }),
      }
    }
    case 'net/malformed':
    case 'net/resolved':
    case 'net/datagrams':
      return state
    case 'net/requested':
    case 'net/decided':
    case 'net/opened':
    case 'net/carried':
    case 'net/exchange':
    case 'net/refused':
    case 'net/failed':
    case 'net/closed': {
      const network = draft.network(state)
      applyToNetwork(network, fact, event.atMs)
      return { ...state, network }
    }
    case 'file/watching': {
      const { source, reason } = fact
      return { ...state, fileWatching: { source, reason } }
    }
    case 'file/changed': {
      const files = draft.files(state)
      applyToFiles(files, fact, event)
      return { ...state, files }
    }
    case 'file/needed': {
      const { type: _, ...need } = fact
      return { ...state, needs: draft.needs(state).set(need.path, need) }
    }
    case 'prompt/raised':
    case 'prompt/joined':
    case 'prompt/answered':
    case 'question/asked':
    case 'question/settled': {
      const prompts = applyToPrompts(state, fact, event.atMs)
      const session = patchSession(state, { pendingPrompts: countWaiting(prompts) })
      return { ...state, ...prompts, session }
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

function advance(state: SessionState, event: TimelineEvent, draft: Draft): SessionState {
  const next = reduce(state, event, draft)
  return { ...next, seq: event.seq, atMs: event.atMs, monoMs: event.monoMs }
}

/** Pure: the same code feeds the live view and the replay. */
export const project = (state: SessionState, event: TimelineEvent): SessionState =>
  advance(state, event, createDraft())

/** The same for many events, far cheaper than one by one. */
export const projectAll = (
  events: Iterable<TimelineEvent>,
  from: SessionState = emptyState,
): SessionState => {
  const draft = createDraft()
  let state = from
  for (const event of events) state = advance(state, event, draft)
  return state
}

/**
 * For one who only needs the newest state: its maps are its own and are changed in place, so that
 * an event costs the same however many processes there were. `seq` says that something changed.
 */
export interface Projector {
  readonly state: SessionState
  add(event: TimelineEvent): void
}

export interface ProjectorOptions {
  /** What it begins with; its maps are copied. */
  readonly from?: SessionState
  /** Processes that ended and files are forgotten: a session may have millions of them. */
  readonly forgetsEnded?: boolean
}

export function createProjector(options: ProjectorOptions = {}): Projector {
  const draft = createDraft()
  let state = options.from ?? emptyState
  return {
    get state() {
      return state
    },
    add: (event) => {
      state = advance(state, event, draft)
      const { fact } = event
      if (options.forgetsEnded && fact.type === 'proc/ended')
        draft.processes(state).delete(fact.key)
      if (options.forgetsEnded && fact.type === 'file/changed') draft.files(state).clear()
    },
  }
}
