import {
  type ExitStatus,
  type ProcessKey,
  processKey,
  UNREAD_NAME,
} from '../../shared/domain/process.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { roleOf } from './process-roles.ts'
import {
  type Known,
  newKnown,
  newNode,
  type ProcessReading,
  type ProcessTree,
} from './processes.ts'

/** What the kernel told of one process. Times are `Clock.monoMs`. */
export type ProcessEvent =
  | {
      readonly type: 'forked'
      readonly pid: number
      readonly parentPid: number
      readonly atMonoMs: number
      readonly startTicks: number
    }
  /** null: it was gone, or something else already, before it could be read. */
  | {
      readonly type: 'executed'
      readonly pid: number
      readonly atMonoMs: number
      /** When the rest had been read. */
      readonly readMonoMs: number
      readonly argv: string[] | null
      readonly exe: string | null
      readonly cwd: string | null
    }
  | {
      readonly type: 'exited'
      readonly pid: number
      readonly atMonoMs: number
      readonly exit: ExitStatus
    }

export interface EventMoment {
  /** Wall clock, in ms since the epoch, at a time of the monotonic clock. */
  readonly wallAt: (monoMs: number) => number
  /** Number of a process in its own pid namespace; null: it has none, or is gone. */
  readonly innerPid: (pid: number) => number | null
}

/** Pure but for `moment`: what the kernel's events, in its order, make of the tree. */
export function mergeEvents(
  previous: ProcessTree,
  events: readonly ProcessEvent[],
  moment: EventMoment,
): { readonly tree: ProcessTree; readonly facts: readonly Fact[] } {
  const nodes = new Map(previous.nodes)
  const live = new Map(previous.live)
  const facts: Fact[] = []

  const find = (pid: number): [ProcessKey, Known] | null => {
    const key = live.get(pid)
    const known = key && nodes.get(key)
    return known ? [key, known] : null
  }
  const end = (key: ProcessKey, known: Known, exit: ExitStatus, endedAtMs: number): void => {
    facts.push({ type: 'proc/ended', key, exit, endedAtMs })
    nodes.set(key, { ...known, isEnded: true })
    live.delete(known.reading.pid)
  }

  const nextExec = followingExecs(events)
  for (const event of events) {
    const atMs = Math.round(moment.wallAt(event.atMonoMs))
    const found = find(event.pid)
    if (event.type === 'forked') {
      const key = processKey(event.pid, event.startTicks)
      // A scan may have met it before its event was read.
      if (nodes.has(key)) continue
      const [parent, { reading }] = find(event.parentPid) ?? [null, { reading: null }]
      if (found) end(...found, { kind: 'lost' }, atMs)
      const started = startedReading(event, reading, atMs, moment.innerPid(event.pid))
      const node = newKnown(started, parent, nodes)
      nodes.set(key, node)
      live.set(event.pid, key)
      facts.push({ type: 'proc/started', node: newNode(node) })
    } else if (found) {
      const [key, known] = found
      if (event.type === 'exited') end(key, known, event.exit, atMs)
      else {
        const program = programOf(isReadInTime(event, nextExec.get(event)) ? event : UNREAD)
        const role = roleOf(program, known.starterRole, previous.commands)
        nodes.set(key, { ...known, role, reading: { ...known.reading, ...program, image: '' } })
        facts.push({ type: 'proc/exec', key, ...program, executedAtMs: atMs, role })
      }
    }
  }
  return { tree: { ...previous, nodes, live }, facts }
}

/** Until it executes something, a process is what its parent was. */
function startedReading(
  { pid, parentPid, startTicks }: Extract<ProcessEvent, { type: 'forked' }>,
  parent: ProcessReading | null,
  startedAtMs: number,
  innerPid: number | null,
): ProcessReading {
  const { name, argv, exe, cwd } = parent ?? {
    name: UNREAD_NAME,
    argv: [],
    exe: null,
    cwd: null,
  }
  return {
    ...{ pid, startTicks, ppid: parentPid, innerPid, name, argv, exe, cwd, startedAtMs },
    image: '',
    state: 'R',
    cpuMs: 0,
    rssBytes: 0,
    exit: null,
  }
}

type Executed = Extract<ProcessEvent, { type: 'executed' }>

const UNREAD = { argv: null, exe: null, cwd: null } as const

/** The kernel shows the next program a moment before it tells of it. */
const TELLING_MS = 1

/** By each exec, the next one of the same process among these events. */
function followingExecs(events: readonly ProcessEvent[]): ReadonlyMap<ProcessEvent, Executed> {
  const next = new Map<ProcessEvent, Executed>()
  const last = new Map<number, Executed>()
  for (const event of events) {
    if (event.type !== 'executed') continue
    const before = last.get(event.pid)
    if (before) next.set(before, event)
    last.set(event.pid, event)
  }
  return next
}

/** What was read when the process may have been the next program already says nothing of this one. */
const isReadInTime = ({ readMonoMs }: Executed, next: Executed | undefined): boolean =>
  next === undefined || readMonoMs < next.atMonoMs - TELLING_MS

function programOf({ argv, exe, cwd }: Pick<Executed, 'argv' | 'exe' | 'cwd'>) {
  const name = (argv?.[0] || exe)?.split('/').at(-1) || UNREAD_NAME
  return { name, argv: argv ?? [], exe, cwd }
}
