import {
  type Axis,
  type AxisReport,
  isDrift,
  type IsolationLevel,
} from '../../shared/domain/isolation.ts'
import type { AxisTurn } from '../../shared/axis-turns.ts'
import { formatTime } from './format.ts'

export const LEVELS: readonly IsolationLevel[] = ['os', 'container', 'vm', 'unconfined']

export const LEVEL_NAMES: Readonly<Record<IsolationLevel, string>> = {
  unconfined: 'Unconfined',
  os: 'OS sandbox',
  container: 'Container',
  vm: 'VM',
}

/** The effect, not the mechanism. */
export const LEVEL_EFFECTS: Readonly<Record<IsolationLevel, string>> = {
  os: 'Sees the workspace and system files, nothing else of yours. Every connection asks.',
  container:
    'Like the OS sandbox, held by a container engine, with this machine’s programs or an image’s.',
  vm: 'Runs on a kernel of its own. The strongest boundary, and the slowest start.',
  unconfined: 'No boundary. Can read and change whatever you can.',
}

export const withArticle = (level: IsolationLevel): string =>
  `${level === 'os' ? 'an' : 'a'} ${LEVEL_NAMES[level]}`

/** What only this wall has. */
const OWN: Readonly<Partial<Record<IsolationLevel, string>>> = {
  vm: 'A kernel of its own',
  container: 'What the container engine holds it by: its own system-call filter and control groups',
}
const BOUNDARY = 'The boundary: it could read and change whatever you can'

const RANK: Readonly<Record<IsolationLevel, number>> = { unconfined: 0, os: 1, container: 2, vm: 3 }

/** What a session loses that moves down. */
export function lostBetween(from: IsolationLevel, to: IsolationLevel): string[] {
  if (RANK[to] >= RANK[from]) return []
  const own = OWN[from]
  return [...(own ? [own] : []), ...(to === 'unconfined' ? [BOUNDARY] : [])]
}

/** What an unconfined session can reach; listed before the word is typed. */
export const UNCONFINED_REACH: readonly string[] = [
  'Every file you can read, with your keys and passwords',
  'Every file you can write, outside of the workspace too',
  'Any host on the internet and in your network, without a prompt',
  'Your other programs, and the services on this machine',
]

export const AXIS_NAMES: Readonly<Record<Axis, string>> = {
  files: 'Files',
  network: 'Network',
  processes: 'Processes',
  credentials: 'Credentials',
}

export const AXIS_LETTERS: Readonly<Record<Axis, string>> = {
  files: 'F',
  network: 'N',
  processes: 'P',
  credentials: 'C',
}

export type AxisLook = 'narrow' | 'wide' | 'open' | 'unknown' | 'drift'

export function lookOf(report: AxisReport | undefined): AxisLook {
  if (!report) return 'unknown'
  if (isDrift(report)) return 'drift'
  return report.proven === 'enforced' ? report.breadth : report.proven
}

export function wordsOfAxis(report: AxisReport | undefined, turn?: AxisTurn): string {
  if (!report) return 'Not proven yet'
  if (isDrift(report)) {
    const sinceMs = turn?.driftSinceMs ?? report.provenAtMs
    const since = sinceMs === null ? '' : ` since ${formatTime(sinceMs)}`
    return `Asked: closed. Proven: open${since}`
  }
  switch (report.proven) {
    case 'enforced':
      return `Enforced · ${lowerFirst(report.detail)}`
    case 'open':
      return report.detail ? `Open · ${lowerFirst(report.detail)}` : 'Open'
    case 'unknown':
      return 'Not proven'
  }
}

/** One sentence for the alarm: an axis that was to be closed is open. */
export function wordsOfDrift(report: AxisReport, turn?: AxisTurn): string {
  const sinceMs = turn?.driftSinceMs ?? report.provenAtMs
  const since = sinceMs === null ? '' : ` since ${formatTime(sinceMs)}`
  const held = turn?.heldAtMs ? `, and held at ${formatTime(turn.heldAtMs)}` : ''
  return `${AXIS_NAMES[report.axis]} was asked closed${held}. It is proven open${since}.`
}

const lowerFirst = (text: string): string =>
  /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text
