import { AXES, type AxisReport, type IsolationLevel } from '../../shared/domain/isolation.ts'
import type { Session } from '../../shared/domain/session.ts'
import {
  AXIS_LETTERS,
  AXIS_NAMES,
  type AxisLook,
  LEVEL_NAMES,
  lookOf,
  wordsOfAxis,
} from '../words/isolation.ts'
import { STATUS_NAMES } from '../words/outcomes.ts'

const RINGS: Readonly<Record<IsolationLevel, readonly number[]>> = {
  unconfined: [],
  os: [5],
  container: [4, 6.75],
  vm: [3.5, 5.5, 7.5],
}

/** A dot with one outline per boundary around it. */
export function LevelGlyph({ level }: { level: IsolationLevel }) {
  return (
    <svg className={`level-glyph ${level}`} viewBox="0 0 16 16" aria-hidden="true">
      {level === 'unconfined' && (
        <path className="hatch" d="M1 6l5-5M1 11L11 1M2 15L15 2M6 15l9-9M11 15l4-4" />
      )}
      {RINGS[level].map((radius) => (
        <circle key={radius} className="ring" cx="8" cy="8" r={radius} />
      ))}
      <circle className="dot" cx="8" cy="8" r="1.75" />
    </svg>
  )
}

export function LevelBadge({ level }: { level: IsolationLevel }) {
  return (
    <span className={`level-badge ${level}`} data-testid="level-badge" data-level={level}>
      <LevelGlyph level={level} />
      {LEVEL_NAMES[level]}
    </span>
  )
}

/** F N P C: always four cells in this order, readable in greyscale. */
export function AxisStrip({ axes }: { axes: readonly AxisReport[] }) {
  const reports = AXES.map((axis) => ({ axis, report: axes.find((item) => item.axis === axis) }))
  const label = reports
    .map(({ axis, report }) => `${AXIS_NAMES[axis]}: ${wordsOfAxis(report)}`)
    .join('\n')
  return (
    <span
      className="axis-strip"
      role="img"
      aria-label={label}
      title={label}
      data-testid="axis-strip"
    >
      {reports.map(({ axis, report }) => (
        <AxisCell key={axis} letter={AXIS_LETTERS[axis]} look={lookOf(report)} axis={axis} />
      ))}
    </span>
  )
}

export function AxisCell({ letter, look, axis }: { letter: string; look: AxisLook; axis: string }) {
  return (
    <span className={`axis-cell ${look}`} data-axis={axis} data-look={look} aria-hidden="true">
      {look === 'unknown' ? '?' : letter}
    </span>
  )
}

/** Whether it runs. Says nothing about its isolation. */
export function StatusMark({ session }: { session: Session }) {
  const { status } = session
  const isBad = status === 'ended' && session.exit?.kind === 'exited' && session.exit.code !== 0
  return (
    <svg
      className={`status-mark ${status}`}
      viewBox="0 0 8 8"
      role="img"
      aria-label={STATUS_NAMES[status]}
    >
      {status === 'running' && <circle cx="4" cy="4" r="3.5" className="solid" />}
      {(status === 'starting' || status === 'stopping') && (
        <circle cx="4" cy="4" r="2.75" className="outline dashed" />
      )}
      {status === 'ended' && (
        <rect x="1" y="1" width="6" height="6" rx="1" className={isBad ? 'solid' : 'outline'} />
      )}
      {status === 'interrupted' && <path d="M1 2h2v4H1zM5 2h2v4H5z" className="solid" />}
      {status === 'failed' && <path d="M1.5 1.5l5 5M6.5 1.5l-5 5" className="outline cross" />}
    </svg>
  )
}
