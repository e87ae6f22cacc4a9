import { z } from 'zod'
import type { AxisReport } from './isolation.ts'

/** What becomes of connections of a session, from the narrowest. `ask`: those that no rule covers wait for a person. */
export const NetworkMode = z.enum(['closed', 'listed', 'ask', 'open'])
export type NetworkMode = z.infer<typeof NetworkMode>

export const NetworkNow = z.strictObject({
  mode: NetworkMode,
  /** Wall clock, ms: when it goes back by itself; null: it stays. */
  untilMs: z.number().nullable(),
})
export type NetworkNow = z.infer<typeof NetworkNow>

/** No session starts open. */
type StartMode = Exclude<NetworkMode, 'open'>

/** How a session starts, by what was asked for. */
export const modeAtStart = (network: 'ask' | 'deny' | 'closed'): StartMode =>
  network === 'deny' ? 'listed' : network

/** What is asked for so that a session starts in a mode. */
export const ASKED_FOR = { closed: 'closed', listed: 'deny', ask: 'ask' } as const

/** From the first to the second, more becomes reachable. */
export const isWider = (from: NetworkMode, to: NetworkMode): boolean =>
  NetworkMode.options.indexOf(to) > NetworkMode.options.indexOf(from)

const OPEN_DETAIL = 'To the internet, by your word'

/**
 * What the network axis says while the network is open: it is asked for, and true. When it is closed again
 * nothing is proven until the next probe.
 */
export const withMode = (axes: readonly AxisReport[], mode: NetworkMode): AxisReport[] =>
  axes.map((report) => {
    if (report.axis !== 'network') return report
    if (mode === 'open') return { ...report, ...OPEN }
    return report.requested === 'open' && report.detail === OPEN_DETAIL
      ? { ...report, requested: 'enforced', proven: 'unknown', breadth: 'narrow', detail: '' }
      : report
  })

const OPEN = {
  requested: 'open',
  proven: 'open',
  breadth: 'wide',
  detail: OPEN_DETAIL,
} as const satisfies Partial<AxisReport>
