import type { LimitMeans, LimitName, LimitReport, Limits } from '../../../shared/domain/limits.ts'
import { CONTROLLER_OF } from './change.ts'
import type { Controller } from './cgroup-homes.ts'

/** What was set up for a session, before anything of it ran. */
export interface SetUp {
  /** By the controller that holds it. */
  readonly groups: ReadonlyMap<Controller, 1 | 2>
  readonly refused: ReadonlyMap<Controller, string>
  /** The kernel took them for the sandbox's first process, and all that come from it. */
  readonly hasProcessRlimit: boolean
  readonly hasMemoryRlimit: boolean
}

/** Pure: limits and what was set up for them → what holds each, in words. */
export function reportLimits(limits: Limits, setUp: SetUp): LimitReport[] {
  const group = (limit: Exclude<LimitName, 'disk'>): LimitMeans[] => {
    const version = setUp.groups.get(CONTROLLER_OF[limit])
    return version === undefined ? [] : [version === 2 ? 'cgroup2' : 'cgroup1']
  }
  const why = (limit: Exclude<LimitName, 'disk'>): string => {
    const words = setUp.refused.get(CONTROLLER_OF[limit])
    return words ? `The kernel refused a group: ${words}.` : 'No control group is ours to use.'
  }
  return [
    make(
      'cpu',
      limits.cpuPercent,
      group('cpu'),
      `${why('cpu')} It runs with low priority instead.`,
    ),
    make(
      'memory',
      limits.memoryBytes,
      orElse(group('memory'), [
        ...(setUp.hasMemoryRlimit ? (['rlimit-each'] as const) : []),
        'watched',
      ]),
      `${why('memory')} Each process is held alone, and the largest is ended when the sum is over.`,
    ),
    make(
      'processes',
      limits.processes,
      orElse(group('processes'), setUp.hasProcessRlimit ? ['rlimit'] : []),
      setUp.hasProcessRlimit
        ? 'Counted by the kernel for this sandbox alone.'
        : `${why('processes')} A resource limit does not bind root.`,
    ),
    make(
      'disk',
      limits.diskBytes,
      ['watched'],
      'The kernel counts what all of them write, and Cloche looks twice a second.',
    ),
  ]
}

const orElse = (
  strong: readonly LimitMeans[],
  weaker: readonly LimitMeans[],
): readonly LimitMeans[] => (strong.length > 0 ? strong : weaker)

function make(
  limit: LimitName,
  value: number | null,
  means: readonly LimitMeans[],
  weakness: string,
): LimitReport {
  if (value === null) return { limit, value, means: [], detail: 'None was asked for.' }
  const isStrong = means.some((item) => item === 'cgroup1' || item === 'cgroup2')
  return {
    limit,
    value,
    means: [...means],
    detail: isStrong ? 'Held by the kernel for the whole session.' : weakness,
  }
}
