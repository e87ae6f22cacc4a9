import {
  type ExitStatus,
  type ProcessKey,
  type ProcessNode,
  type ProcessRole,
  type ProcessSample,
  processKey,
} from '../../shared/domain/process.ts'
import type { Fact } from '../../shared/domain/timeline.ts'
import { type AgentCommands, NO_COMMANDS, roleOf } from './process-roles.ts'

/** One process as one scan saw it. */
export interface ProcessReading {
  readonly pid: number
  readonly startTicks: number
  readonly ppid: number
  readonly innerPid: number | null
  readonly name: string
  readonly argv: string[]
  readonly exe: string | null
  readonly cwd: string | null
  /** Opaque: differs from an earlier reading when the process executed something else. */
  readonly image: string
  readonly state: string
  /** Processor time used so far. */
  readonly cpuMs: number
  readonly rssBytes: number
  readonly startedAtMs: number
  /** Only for one that has ended and is not reaped yet. */
  readonly exit: ExitStatus | null
}

/** A process as the tree holds it. */
export interface Known {
  readonly key: ProcessKey
  readonly reading: ProcessReading
  readonly parent: ProcessKey | null
  readonly role: ProcessRole | null
  /** Role of who started it. */
  readonly starterRole: ProcessRole | null
  /** Those it descends from as it started, the first process first; also when they are gone. */
  readonly lineage: readonly ProcessKey[]
  /** Its end was reported; it only waits to be reaped, or for scans that began before. */
  readonly isEnded: boolean
  /** Scans in a row that did not show it. */
  readonly absences: number
  /** What was last reported, and the processor time at that moment. */
  readonly reported: ProcessSample
  readonly reportedCpuMs: number
}

/** Live processes of one session, as last reported. */
export interface ProcessTree {
  readonly nodes: ReadonlyMap<ProcessKey, Known>
  /** Those that have not ended, by number. */
  readonly live: ReadonlyMap<number, ProcessKey>
  readonly commands: AgentCommands
  /** Monotonic time of the last sample; samples are at least a second apart. */
  readonly sampledAtMs: number
}

export const emptyTree = (nowMs: number, commands = NO_COMMANDS): ProcessTree => ({
  commands,
  nodes: new Map(),
  live: new Map(),
  sampledAtMs: nowMs,
})

export interface ScanOptions {
  /** Pids known from elsewhere to have ended, and how; their readings no longer count. */
  readonly endings?: ReadonlyMap<number, ExitStatus>
  /**
   * The kernel tells of every start and end: a scan only adds numbers, and what no event told of.
   * A process missing from one scan may be younger than the scan; missing from two, it has ended.
   */
  readonly isExact?: boolean
  /** No scan follows this one: what it does not show has ended. */
  readonly isLast?: boolean
}

const ABSENCES_OF_AN_ENDED = 2

const SAMPLE_INTERVAL_MS = 1_000
const NOTABLE_CPU_PERCENT = 2
const NOTABLE_RSS_BYTES = 1024 * 1024
const NOTABLE_RSS_SHARE = 0.05

export const keyOf = (reading: ProcessReading): ProcessKey =>
  processKey(reading.pid, reading.startTicks)

/**
 * Pure: what became of the tree since the previous scan. Ends come first, then starts (parents
 * before children), so that a reader of the facts never meets a parent it does not know.
 */
export function mergeScan(
  previous: ProcessTree,
  scan: readonly ProcessReading[],
  nowMs: number,
  { endings = new Map(), isExact = false, isLast = false }: ScanOptions = {},
): { readonly tree: ProcessTree; readonly facts: readonly Fact[] } {
  const readings = scan.filter(({ pid }) => !endings.has(pid))
  const facts: Fact[] = []
  const nodes = new Map<ProcessKey, Known>()
  const keys = new Map(readings.map((reading) => [reading.pid, keyOf(reading)]))

  for (const [key, known] of previous.nodes) {
    if (keys.get(known.reading.pid) === key) continue
    const absences = known.absences + 1
    const isOver = isLast || keys.has(known.reading.pid) || endings.has(known.reading.pid)
    if (isExact && !isOver && absences < ABSENCES_OF_AN_ENDED)
      nodes.set(key, { ...known, absences })
    else if (!known.isEnded) {
      const exit = endings.get(known.reading.pid) ?? { kind: 'lost' }
      facts.push({ type: 'proc/ended', key, exit })
    }
  }

  for (const reading of [...readings].sort(byAge)) {
    const key = keyOf(reading)
    const known = previous.nodes.get(key)
    if (known?.isEnded) {
      nodes.set(key, { ...known, absences: 0 })
      continue
    }
    const parent = keys.get(reading.ppid) ?? parentBefore(known, reading)
    const now = known && isExact ? keepProgram(known.reading, reading) : reading
    const node = known ?? newKnown(now, parent, nodes)
    const isOther = known === undefined || isExecuted(known.reading, now)
    const role = isOther ? roleOf(now, node.starterRole, previous.commands) : node.role
    const current = { ...node, reading: now, parent, role, isEnded: now.exit !== null, absences: 0 }
    if (known) facts.push(...changesOf(known, current))
    else facts.push({ type: 'proc/started', node: newNode(current) })
    if (now.exit) facts.push({ type: 'proc/ended', key, exit: now.exit })
    nodes.set(key, current)
  }

  const elapsedMs = nowMs - previous.sampledAtMs
  const isDue = elapsedMs >= SAMPLE_INTERVAL_MS
  const samples = isDue ? takeSamples(nodes, elapsedMs) : []
  if (samples.length > 0) facts.push({ type: 'proc/sampled', samples })
  const sampledAtMs = isDue ? nowMs : previous.sampledAtMs
  return { tree: { ...previous, nodes, live: liveOf(nodes), sampledAtMs }, facts }
}

/** Pure: a process that a person's terminal started, which no other process of the tree did. */
export function adoptInto(
  tree: ProcessTree,
  reading: ProcessReading,
): { readonly tree: ProcessTree; readonly facts: readonly Fact[] } {
  const key = keyOf(reading)
  const known = tree.nodes.get(key)
  const role = 'terminal'
  const node: Known = { ...(known ?? newKnown(reading, null, tree.nodes)), role, starterRole: role }
  const nodes = new Map(tree.nodes).set(key, node)
  const { name, argv, exe, cwd } = node.reading
  const fact: Fact = known
    ? { type: 'proc/exec', key, name, argv, exe, cwd, role }
    : { type: 'proc/started', node: newNode(node) }
  return { tree: { ...tree, nodes, live: liveOf(nodes) }, facts: [fact] }
}

function liveOf(nodes: ReadonlyMap<ProcessKey, Known>): Map<number, ProcessKey> {
  const live = new Map<number, ProcessKey>()
  for (const [key, { isEnded, reading }] of nodes) if (!isEnded) live.set(reading.pid, key)
  return live
}

/** The scan may name a parent that ended meanwhile; who has it now is for the next scan to say. */
const parentBefore = (known: Known | undefined, { ppid }: ProcessReading): ProcessKey | null =>
  known?.reading.ppid === ppid ? known.parent : null

/** A program may rename itself; what was executed is what the event said, where it could be read. */
function keepProgram(before: ProcessReading, now: ProcessReading): ProcessReading {
  if (before.argv.length === 0 && before.exe === null) return now
  const { name, argv, exe, cwd } = before
  return { ...now, name, argv, exe, cwd }
}

/** The samples worth telling; `nodes` remembers what was told. */
function takeSamples(nodes: Map<ProcessKey, Known>, elapsedMs: number): ProcessSample[] {
  const samples: ProcessSample[] = []
  for (const [key, known] of nodes) {
    if (known.isEnded) continue
    const sample = sampleOf(key, known, elapsedMs)
    const isNotable = differsNotably(sample, known.reported)
    if (isNotable) samples.push(sample)
    nodes.set(key, {
      ...known,
      reported: isNotable ? sample : known.reported,
      reportedCpuMs: known.reading.cpuMs,
    })
  }
  return samples
}

const byAge = (a: ProcessReading, b: ProcessReading): number =>
  a.startTicks - b.startTicks || a.pid - b.pid

function changesOf(before: Known, { key, parent, role, reading }: Known): Fact[] {
  const facts: Fact[] = []
  const { name, argv, exe, cwd } = reading
  if (isExecuted(before.reading, reading))
    facts.push({ type: 'proc/exec', key, name, argv, exe, cwd, role })
  if (parent !== before.parent) facts.push({ type: 'proc/reparented', key, parent })
  return facts
}

/** A process that is new to the tree: until more is known, what its parent is. */
export const newKnown = (
  reading: ProcessReading,
  parent: ProcessKey | null,
  nodes: ReadonlyMap<ProcessKey, Known>,
): Known => {
  const starter = parent === null ? undefined : nodes.get(parent)
  const role = starter?.role ?? null
  return {
    key: keyOf(reading),
    reading,
    parent,
    role,
    starterRole: role,
    lineage: parent === null ? [] : [...(starter?.lineage ?? []), parent],
    isEnded: false,
    absences: 0,
    reported: {
      key: keyOf(reading),
      state: reading.state,
      cpuPercent: 0,
      rssBytes: reading.rssBytes,
    },
    reportedCpuMs: reading.cpuMs,
  }
}

const isExecuted = (before: ProcessReading, now: ProcessReading): boolean =>
  now.image !== before.image &&
  (now.exe !== before.exe || now.argv.join('\0') !== before.argv.join('\0'))

export function newNode({ key, parent, role, reading }: Known): ProcessNode {
  const { pid, innerPid, name, argv, exe, cwd, state, rssBytes, startedAtMs } = reading
  return {
    ...{ key, pid, innerPid, parent, role, name, argv, exe, cwd, state, rssBytes, startedAtMs },
    cpuPercent: 0,
    endedAtMs: null,
    exit: null,
  }
}

function sampleOf(key: ProcessKey, known: Known, elapsedMs: number): ProcessSample {
  const { reading, reportedCpuMs } = known
  const cpuPercent = Math.round(((reading.cpuMs - reportedCpuMs) / elapsedMs) * 1000) / 10
  return { key, state: reading.state, cpuPercent, rssBytes: reading.rssBytes }
}

/** Running and sleeping alternate all the time; stopped and ended are news. */
const isStill = (state: string): boolean => !['R', 'S', 'D', 'I'].includes(state)

function differsNotably(now: ProcessSample, before: ProcessSample): boolean {
  const rssDelta = Math.abs(now.rssBytes - before.rssBytes)
  return (
    (now.state !== before.state && (isStill(now.state) || isStill(before.state))) ||
    Math.abs(now.cpuPercent - before.cpuPercent) >= NOTABLE_CPU_PERCENT ||
    (now.cpuPercent === 0) !== (before.cpuPercent === 0) ||
    rssDelta >= Math.max(NOTABLE_RSS_BYTES, before.rssBytes * NOTABLE_RSS_SHARE)
  )
}
