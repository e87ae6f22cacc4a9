import { isDrift } from '../../shared/domain/isolation.ts'
import type { QuestionOutcome } from '../../shared/domain/agent-question.ts'
import type { Decision } from '../../shared/domain/policy.ts'
import type { FileChange } from '../../shared/domain/file-changes.ts'
import type { ExitStatus } from '../../shared/domain/process.ts'
import type { Fact, TimelineEvent } from '../../shared/domain/timeline.ts'
import type { Marker } from '../../shared/recording/asciicast.ts'
import { createCpuHistory, type CpuHistory } from './cpu-history.ts'
import { createFlameRows } from './flame-rows.ts'
import { idOf, type Subject, subjectOf } from './selection.ts'

export const TRACKS = [
  ...(['prompts', 'terminal', 'processes', 'files', 'network', 'isolation'] as const),
] as const
export type Track = (typeof TRACKS)[number]

export type Tone =
  | 'plain'
  | 'said'
  | 'written'
  | 'removed'
  | 'ask'
  | 'allow'
  | 'deny'
  | 'failed'
  | 'enforced'
  | 'drift'

/** One span or tick on a track. Times are the session's own clock in ms; `endMs` null: not over. */
export interface Mark {
  readonly track: Track
  readonly seq: number
  readonly subject: Subject | null
  readonly startMs: number
  endMs: number | null
  tone: Tone
  label: string
  /** Row within the track, from the top. */
  readonly row: number
}

/** Everything the timeline draws of one session; grows in place as events come in. */
export interface Tracks {
  readonly marks: Mark[]
  readonly activity: { readonly atMs: number; readonly bytes: number }[]
  /** Moments worth jumping to: prompts, refusals, start and end. */
  readonly markers: { readonly atMs: number; readonly seq: number; readonly label?: string }[]
  /** The marks of the processes, each below the one that started it; no two of a row overlap. */
  readonly flame: Mark[][]
  readonly cpu: CpuHistory
  lastMs: number
}

const PROCESS_ROWS = 4
const NETWORK_ROWS = 3

export interface TrackBuilder {
  readonly tracks: Tracks
  add(event: TimelineEvent): void
  /** Adds moments that no event tells of, after all events. */
  mark(markers: readonly Marker[]): void
}

export function createTrackBuilder(): TrackBuilder {
  const flame = createFlameRows()
  const cpu = createCpuHistory()
  const tracks: Tracks = {
    ...{ marks: [], activity: [], markers: [], lastMs: 0 },
    ...{ flame: flame.rows, cpu },
  }
  const open = new Map<string, Mark>()
  /** What ends now was asked to. */
  let isStopping = false
  const rows = { processes: rowPacker(PROCESS_ROWS), network: rowPacker(NETWORK_ROWS) }

  const begin = (event: TimelineEvent, track: Track, tone: Tone, label: string, row = 0): Mark => {
    const subject = subjectOf(event.fact)
    const startMs = event.monoMs
    const mark: Mark = { track, seq: event.seq, subject, startMs, endMs: null, tone, label, row }
    tracks.marks.push(mark)
    if (subject) open.set(idOf(subject), mark)
    return mark
  }
  const tick = (event: TimelineEvent, track: Track, tone: Tone, label: string): void => {
    begin(event, track, tone, label).endMs = event.monoMs
  }
  const change = (fact: Fact, patch: Partial<Pick<Mark, 'endMs' | 'tone' | 'label'>>): void => {
    const subject = subjectOf(fact)
    const mark = subject && open.get(idOf(subject))
    if (mark) Object.assign(mark, patch)
    if (mark && patch.endMs !== undefined && mark.track in rows)
      rows[mark.track as keyof typeof rows].release(mark.row)
  }
  const endAll = (atMs: number): void => {
    for (const mark of tracks.marks) mark.endMs ??= atMs
  }
  const marker = ({ monoMs, seq }: TimelineEvent): void => {
    tracks.markers.push({ atMs: monoMs, seq })
  }

  const add = (event: TimelineEvent): void => {
    const { fact, monoMs } = event
    tracks.lastMs = Math.max(tracks.lastMs, monoMs)
    switch (fact.type) {
      case 'session/started':
      case 'limits/reached':
      case 'isolation/restored':
        return marker(event)
      case 'session/ended':
      case 'session/failed':
      case 'session/interrupted':
        endAll(monoMs)
        return marker(event)
      case 'session/stopping':
        isStopping = true
        return
      case 'terminal/active':
        tracks.activity.push({ atMs: monoMs, bytes: fact.bytes })
        return
      case 'prompt/raised':
        begin(event, 'prompts', 'ask', fact.request.destination.host)
        return marker(event)
      case 'prompt/answered':
        return change(fact, { endMs: monoMs, tone: toneOf(fact.decision) })
      case 'question/asked':
        begin(event, 'prompts', 'ask', fact.question.tool)
        return marker(event)
      case 'question/settled':
        return change(fact, { endMs: monoMs, tone: toneOfOutcome(fact.outcome) })
      case 'proc/started':
        return flame.begin(
          begin(event, 'processes', 'plain', fact.node.name, rows.processes.take()),
          fact.node,
        )
      case 'proc/exec':
        return change(fact, { label: fact.name })
      case 'proc/ended': {
        const isFailed = !isStopping && hasFailed(fact.exit)
        flame.end(fact.key)
        return change(fact, { endMs: monoMs, ...(isFailed ? { tone: 'failed' as const } : {}) })
      }
      case 'proc/sampled':
        return cpu.add(monoMs, fact.samples)
      case 'net/requested':
        return void begin(event, 'network', 'plain', fact.destination.host, rows.network.take())
      case 'net/decided':
        if (fact.decision.action === 'allow') return change(fact, { tone: 'allow' })
        marker(event)
        return change(fact, { endMs: monoMs, tone: 'deny' })
      case 'net/failed':
        return change(fact, { endMs: monoMs, tone: 'failed' })
      case 'net/closed':
        return change(fact, { endMs: monoMs })
      case 'file/changed':
        return tick(event, 'files', toneOfChange(fact.change), fact.path)
      case 'net/malformed':
        return tick(event, 'network', 'deny', fact.reason)
      case 'isolation/reported': {
        const previous = tracks.marks.findLast((mark) => mark.track === 'isolation')
        if (previous) previous.endMs = monoMs
        const isDrifting = fact.axes.some(isDrift)
        const proven = fact.axes.filter((axis) => axis.proven === 'enforced').length
        return void begin(
          event,
          'isolation',
          isDrifting ? 'drift' : proven > 0 ? 'enforced' : 'plain',
          isDrifting ? 'Drift' : `${proven} of ${fact.axes.length} axes proven`,
        )
      }
      case 'network/switched':
        marker(event)
        return tick(
          event,
          'isolation',
          fact.mode === 'open' ? 'ask' : 'plain',
          `Network ${fact.mode}`,
        )
      default:
        return
    }
  }
  const mark = (markers: readonly Marker[]): void => {
    tracks.markers.push(...markers.map(({ atMs, label }) => ({ atMs, label, seq: -1 })))
    tracks.markers.sort((a, b) => a.atMs - b.atMs)
    for (const { atMs, label } of markers)
      tracks.marks.push({
        ...{ track: 'terminal', seq: -1, subject: null, tone: 'said', label, row: 0 },
        ...{ startMs: atMs, endMs: atMs },
      })
    tracks.marks.sort((a, b) => a.startMs - b.startMs)
  }
  return { tracks, add, mark }
}

const hasFailed = (exit: ExitStatus): boolean =>
  exit.kind === 'exited' ? exit.code !== 0 : exit.kind !== 'lost'

const toneOfChange = (change: FileChange['change']): Tone =>
  change === 'deleted' ? 'removed' : 'written'

const toneOfOutcome = (outcome: QuestionOutcome): Tone =>
  outcome.kind === 'withdrawn' || outcome.choice === 'leave' ? 'plain' : outcome.choice

const toneOf = (decision: Decision): Tone => (decision.action === 'allow' ? 'allow' : 'deny')

/** Lowest free row first; when all are taken the last one is shared. */
function rowPacker(count: number): { take(): number; release(row: number): void } {
  const used = new Array<number>(count).fill(0)
  return {
    take: () => {
      const free = used.indexOf(0)
      const row = free === -1 ? count - 1 : free
      used[row]! += 1
      return row
    },
    release: (row) => {
      used[row] = Math.max(0, (used[row] ?? 0) - 1)
    },
  }
}
