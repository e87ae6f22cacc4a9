import { z } from 'zod'

/** Coarse ladder, weakest first. An ordinal, not a score. */
export const IsolationLevel = z.enum(['unconfined', 'os', 'container', 'vm'])
export type IsolationLevel = z.infer<typeof IsolationLevel>

/** Levels with a boundary: moving to one of them needs no typed word. */
export const BoundLevel = IsolationLevel.exclude(['unconfined'])
export type BoundLevel = z.infer<typeof BoundLevel>

/** Where the programs may be an image's. */
export const mayHaveImage = (level: IsolationLevel): boolean =>
  level === 'container' || level === 'vm'

/** Of a virtual machine, where a person would look for one. */
export const NO_SNAPSHOTS =
  'A machine that shares folders cannot be saved and brought back: QEMU refuses it. Frozen, it waits in memory until it is thawed or Cloche ends.'

export const Axis = z.enum(['files', 'network', 'processes', 'credentials'])
export type Axis = z.infer<typeof Axis>
export const AXES: readonly Axis[] = Axis.options

/** One attempt made by a probe, and what came back. `verdict` is taken from the machine's side. */
export const Evidence = z.strictObject({
  attempt: z.string(),
  outcome: z.string(),
  verdict: z.enum(['held', 'open', 'inconclusive']),
})
export type Evidence = z.infer<typeof Evidence>

/** `unknown` is a state of its own and is shown: "not proven". */
export const AxisState = z.enum(['enforced', 'open', 'unknown'])
export type AxisState = z.infer<typeof AxisState>

export const AxisReport = z.strictObject({
  axis: Axis,
  /** What the plan asks of the boundary. */
  requested: z.enum(['enforced', 'open']),
  /** What the last probe proved. */
  proven: AxisState,
  /** Wide: enforced, with more than the minimum let through (hosts allowed, extra folders). */
  breadth: z.enum(['narrow', 'wide']),
  /** One short phrase: "Workspace only", "14 hosts allowed". */
  detail: z.string(),
  evidence: z.array(Evidence),
  /** Wall clock of the probe, ms since the epoch; null when no probe ran. */
  provenAtMs: z.number().nullable(),
})
export type AxisReport = z.infer<typeof AxisReport>

/** Proven differs from requested: the state the interface must never hide. */
export const isDrift = (report: AxisReport): boolean =>
  report.requested === 'enforced' && report.proven === 'open'

/** A run of evidence proves an axis only when something was tried and everything tried held. */
export function axisStateOf(evidence: readonly Evidence[]): AxisState {
  if (evidence.some((item) => item.verdict === 'open')) return 'open'
  if (evidence.length === 0) return 'unknown'
  return evidence.every((item) => item.verdict === 'held') ? 'enforced' : 'unknown'
}
