import { z } from 'zod'

/** What one session may use of the machine. null: no limit. */
export const Limits = z.strictObject({
  /** Percent of one core: 150 is one and a half. */
  cpuPercent: z.number().int().min(5).max(100_000).nullable(),
  memoryBytes: z
    .number()
    .int()
    .min(64 * 2 ** 20)
    .nullable(),
  /** Processes and threads alive at one time. */
  processes: z.number().int().min(16).max(1_000_000).nullable(),
  /** Bytes written to disk from the session's start. */
  diskBytes: z
    .number()
    .int()
    .min(16 * 2 ** 20)
    .nullable(),
})
export type Limits = z.infer<typeof Limits>

export const NO_LIMITS: Limits = {
  cpuPercent: null,
  memoryBytes: null,
  processes: null,
  diskBytes: null,
}

export const LimitName = z.enum(['cpu', 'memory', 'processes', 'disk'])
export type LimitName = z.infer<typeof LimitName>

/** Where each stands in `Limits`. */
export const LIMIT_KEYS = {
  cpu: 'cpuPercent',
  memory: 'memoryBytes',
  processes: 'processes',
  disk: 'diskBytes',
} as const satisfies Readonly<Record<LimitName, keyof Limits>>

/** Those that are not the same in both. */
export const limitsChanged = (before: Limits, after: Limits): LimitName[] =>
  LimitName.options.filter((name) => before[LIMIT_KEYS[name]] !== after[LIMIT_KEYS[name]])

/**
 * What holds a limit: the kernel for the whole session (`cgroup2`, `cgroup1`, `rlimit` where the
 * kernel counts per sandbox), the kernel for each process alone (`rlimit-each`), Cloche looking
 * several times a second (`watched`), a virtual machine that has no more (`machine`), or nothing.
 */
export const LimitMeans = z.enum([
  'cgroup2',
  'cgroup1',
  'rlimit',
  'rlimit-each',
  'watched',
  'machine',
  'none',
])
export type LimitMeans = z.infer<typeof LimitMeans>

export const LimitReport = z.strictObject({
  limit: LimitName,
  /** In the unit of `Limits`; null: none was asked for. */
  value: z.number().nullable(),
  /** Several where one alone does not cover it; empty: not in force. */
  means: z.array(LimitMeans),
  /** One short sentence: why no stronger one is in force. */
  detail: z.string(),
})
export type LimitReport = z.infer<typeof LimitReport>
