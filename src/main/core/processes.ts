import {
  type ExitStatus,
  type ProcessKey,
  type ProcessNode,
  type ProcessSample,
  processKey,
} from '../../shared/domain/process.ts'
import type { Fact } from '../../shared/domain/timeline.ts'

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

interface Known {
  readonly reading: ProcessReading
  readonly parent: ProcessKey | null
  /** Its end was reported; it only waits to be reaped. */
  readonly isEnded: boolean
  /** What was last reported, and the processor time at that moment. */
  readonly reported: ProcessSample
  readonly reportedCpuMs: number
}

/** Live processes of one session, as last reported. */
export interface ProcessTree {
  readonly nodes: ReadonlyMap<ProcessKey, Known>
  /** Monotonic time of the last sample; samples are at least a second apart. */
  readonly sampledAtMs: number
}

export const emptyTree = (nowMs: number): ProcessTree => ({ nodes: new Map(), sampledAtMs: nowMs })

const SAMPLE_INTERVAL_MS = 1_000
const NOTABLE_CPU_PERCENT = 2
const NOTABLE_RSS_BYTES = 1024 * 1024
const NOTABLE_RSS_SHARE = 0.05

const keyOf = (reading: ProcessReading): ProcessKey => processKey(reading.pid, reading.startTicks)

/**
 * Pure: what became of the tree since the previous scan. Ends come first, then starts (parents
 * before children), so that a reader of the facts never meets a parent it does not know.
 * `endings`: pids known from elsewhere to have ended, and how; their readings no longer count.
 */
export function mergeScan(
  previous: ProcessTree,
  scan: readonly ProcessReading[],
  nowMs: number,
  endings: ReadonlyMap<number, ExitStatus> = new Map(),
): { readonly tree: ProcessTree; readonly facts: readonly Fact[] } {
  const readings = scan.filter(({ pid }) => !endings.has(pid))
  const facts: Fact[] = []
  const nodes = new Map<ProcessKey, Known>()
  const keys = new Map(readings.map((reading) => [reading.pid, keyOf(reading)]))

  for (const [key, known] of previous.nodes)
    if (!known.isEnded && keys.get(known.reading.pid) !== key) {
      const exit = endings.get(known.reading.pid) ?? { kind: 'lost' }
      facts.push({ type: 'proc/ended', key, exit })
    }

  for (const reading of [...readings].sort(byAge)) {
    const key = keyOf(reading)
    const parent = keys.get(reading.ppid) ?? null
    const known = previous.nodes.get(key)
    if (known?.isEnded) {
      nodes.set(key, known)
      continue
    }
    if (known) facts.push(...changesOf(key, known, reading, parent))
    else facts.push({ type: 'proc/started', node: newNode(key, parent, reading) })
    const isEnded = reading.exit !== null
    if (reading.exit) facts.push({ type: 'proc/ended', key, exit: reading.exit })
    nodes.set(key, { ...(known ?? firstReport(key, reading)), reading, parent, isEnded })
  }

  const elapsedMs = nowMs - previous.sampledAtMs
  if (elapsedMs < SAMPLE_INTERVAL_MS)
    return { tree: { nodes, sampledAtMs: previous.sampledAtMs }, facts }
  const samples = takeSamples(nodes, elapsedMs)
  if (samples.length > 0) facts.push({ type: 'proc/sampled', samples })
  return { tree: { nodes, sampledAtMs: nowMs }, facts }
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

function changesOf(
  key: ProcessKey,
  known: Known,
  reading: ProcessReading,
  parent: ProcessKey | null,
): Fact[] {
  const facts: Fact[] = []
  const { name, argv, exe, cwd } = reading
  if (reading.image !== known.reading.image && isOtherProgram(reading, known.reading))
    facts.push({ type: 'proc/exec', key, name, argv, exe, cwd })
  if (parent !== known.parent) facts.push({ type: 'proc/reparented', key, parent })
  return facts
}

const firstReport = (key: ProcessKey, { state, rssBytes, cpuMs }: ProcessReading) => ({
  reported: { key, state, cpuPercent: 0, rssBytes },
  reportedCpuMs: cpuMs,
})

const isOtherProgram = (now: ProcessReading, before: ProcessReading): boolean =>
  now.exe !== before.exe || now.argv.join('\0') !== before.argv.join('\0')

function newNode(key: ProcessKey, parent: ProcessKey | null, reading: ProcessReading): ProcessNode {
  const { pid, innerPid, name, argv, exe, cwd, state, rssBytes, startedAtMs } = reading
  return {
    ...{ key, pid, innerPid, parent, name, argv, exe, cwd, state, rssBytes, startedAtMs },
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
