import { type Axis, type AxisReport, isDrift } from './domain/isolation.ts'

/** What earlier probes say about an axis: its last report alone does not know. */
export interface AxisTurn {
  /** Wall clock of the last probe that proved it enforced. */
  readonly heldAtMs: number | null
  /** Wall clock of the first probe of the drift that still lasts. */
  readonly driftSinceMs: number | null
}

export type AxisTurns = ReadonlyMap<Axis, AxisTurn>

/** Pure: what is known of each axis after these reports; `atMs`: of the event that brings them. */
export function turn(before: AxisTurns, reports: readonly AxisReport[], atMs: number): AxisTurns {
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
