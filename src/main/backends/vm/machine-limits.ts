import {
  LIMIT_KEYS,
  LimitName,
  type LimitReport,
  type Limits,
  limitsChanged,
} from '../../../shared/domain/limits.ts'
import { err, ok } from '../../../shared/result.ts'
import type { Sandbox } from '../../core/ports.ts'

/** What QEMU needs besides the machine's memory. */
const QEMU_BYTES = 2 ** 30

/** Of QEMU, so that the machine's own are what its programs meet. */
export const limitsAround = (limits: Limits, memoryBytes: number): Limits => ({
  ...limits,
  memoryBytes: memoryBytes + QEMU_BYTES,
  processes: null,
})

/** The machine itself is what holds memory, and its kernel what holds processes. */
export function withLimits(sandbox: Sandbox, planned: Limits, memoryBytes: number): Sandbox {
  const own = (report: LimitReport): LimitReport => {
    const asked = planned[LIMIT_KEYS[report.limit]]
    if (report.limit === 'memory')
      return {
        limit: 'memory',
        value: memoryBytes,
        means: ['machine'],
        detail: 'The machine has no more.',
      }
    if (report.limit === 'processes' && asked !== null)
      return {
        limit: 'processes',
        value: asked,
        means: ['cgroup2'],
        detail: 'Held by the machine’s own kernel.',
      }
    if (report.limit === 'disk' && asked !== null)
      return { ...report, detail: 'From outside the machine is one writer: all of it is ended.' }
    return report
  }
  // A profile holds nothing, and says so of nothing.
  const held =
    sandbox.limits.length > 0
      ? sandbox.limits
      : LimitName.options.map((limit): LimitReport => {
          const value = planned[LIMIT_KEYS[limit]]
          return { limit, value, means: [], detail: 'Nothing around the machine holds it here.' }
        })
  let now = planned
  return {
    ...sandbox,
    limits: held.map(own),
    // A machine gets neither more nor less of anything while it runs; what it writes is counted here.
    changeLimits: async (limits) => {
      const stuck = limitsChanged(now, limits).filter((name) => name !== 'disk')
      if (stuck.length > 0) return err(stuck)
      const changed = await sandbox.changeLimits(limitsAround(limits, memoryBytes))
      if (!changed.ok) return changed
      now = limits
      return ok(changed.value.map(own))
    },
  }
}
