import {
  LIMIT_KEYS,
  type LimitMeans,
  LimitName,
  type LimitReport,
  type Limits,
} from '../../shared/domain/limits.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { plural } from './format.ts'
import { formatCores, formatSize, parseBytes, parseCount, parseCpu } from './units.ts'

interface LimitWords {
  readonly name: string
  /** What it counts. */
  readonly what: string
  readonly parse: (text: string) => Result<number, string>
  /** As typed into a field; reads back as the same number. */
  readonly write: (value: number) => string
  /** As part of a sentence. */
  readonly say: (value: number) => string
  readonly least: number
  readonly most: number
  /** Where a person starts from when the machine has no default. */
  readonly start: number
}

const MIB = 2 ** 20
const MOST_BYTES = Number.MAX_SAFE_INTEGER

const writeCores = (percent: number): string =>
  percent < 100 ? `${percent}%` : formatCores(percent)

/** In the order they are shown. The bounds are those of `Limits`. */
export const LIMITS: Readonly<Record<LimitName, LimitWords>> = {
  cpu: {
    name: 'Processor',
    what: 'Computing time of all its programs together: 2 cores, or 50% of one.',
    parse: parseCpu,
    write: writeCores,
    say: formatCores,
    least: 5,
    most: 100_000,
    start: 200,
  },
  memory: {
    name: 'Memory',
    what: 'Of all its programs together.',
    parse: parseBytes,
    write: formatSize,
    say: (value) => `${formatSize(value)} memory`,
    least: 64 * MIB,
    most: MOST_BYTES,
    start: 8 * 1024 * MIB,
  },
  processes: {
    name: 'Processes',
    what: 'Processes and threads alive at one time.',
    parse: parseCount,
    write: String,
    say: (value) => plural(value, 'process', 'processes'),
    least: 16,
    most: 1_000_000,
    start: 4096,
  },
  disk: {
    name: 'Disk written',
    what: 'Bytes written from the start of the session, deleted files included.',
    parse: parseBytes,
    write: formatSize,
    say: (value) => `${formatSize(value)} written`,
    least: 16 * MIB,
    most: MOST_BYTES,
    start: 20 * 1024 * MIB,
  },
}

export const LIMIT_NAMES: readonly LimitName[] = LimitName.options

/** What a field says, or the sentence that stands at it. */
export function readLimit(limit: LimitName, text: string): Result<number, string> {
  const { parse, least, most, write } = LIMITS[limit]
  const value = parse(text)
  if (!value.ok) return value
  if (value.value < least) return err(`At least ${write(least)}; less would stop the agent itself.`)
  if (value.value > most) return err(`At most ${write(most)}.`)
  return ok(value.value)
}

/** `4,096 processes, 12 GiB memory`. */
export function sumUpLimits(limits: Limits): string {
  const set = LIMIT_NAMES.flatMap((limit) => {
    const { say } = LIMITS[limit]
    const value = limits[LIMIT_KEYS[limit]]
    return value === null ? [] : [say(value)]
  })
  return set.length > 0 ? set.join(', ') : 'No limits'
}

const MEANS: Readonly<Record<LimitMeans, string>> = {
  cgroup2: 'kernel, cgroup v2',
  cgroup1: 'kernel, cgroup v1',
  rlimit: 'kernel, per sandbox',
  'rlimit-each': 'each process alone',
  watched: 'watched by Cloche',
  machine: 'the machine’s size',
  none: 'not in force',
}

/** What holds it: `kernel, cgroup v2`. Empty where none was asked for. */
export function wordsOfMeans({ value, means }: LimitReport): string {
  if (value === null) return ''
  return isInForce({ value, means })
    ? means
        .filter((item) => item !== 'none')
        .map((item) => MEANS[item])
        .join(' + ')
    : MEANS.none
}

/** Something was asked for, and something holds it. */
export const isInForce = ({ value, means }: Pick<LimitReport, 'value' | 'means'>): boolean =>
  value !== null && means.some((item) => item !== 'none')

export const wordsOfLimit = ({ limit, value }: Pick<LimitReport, 'limit' | 'value'>): string =>
  value === null
    ? 'No limit'
    : limit === 'processes'
      ? value.toLocaleString('en')
      : LIMITS[limit].write(value)
