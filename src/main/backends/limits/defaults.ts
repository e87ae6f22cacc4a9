import type { Limits } from '../../../shared/domain/limits.ts'

const GIB = 2 ** 30
const MIB = 2 ** 20

/** What a machine has to give. */
export interface Machine {
  readonly memoryBytes: number
  /** On the disk of the home folder. */
  readonly freeDiskBytes: number
}

/** Generous to an agent's builds and tests, and enough that the machine stays usable. Pure. */
export function defaultLimits({ memoryBytes, freeDiskBytes }: Machine): Limits {
  const whole = (bytes: number): number => Math.floor(bytes / (256 * MIB)) * 256 * MIB
  return {
    cpuPercent: null,
    memoryBytes: Math.max(GIB, whole(memoryBytes * 0.75)),
    processes: 4096,
    diskBytes: Math.max(GIB, Math.min(50 * GIB, whole(freeDiskBytes / 2))),
  }
}
