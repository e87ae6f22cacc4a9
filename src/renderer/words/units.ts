import { err, ok, type Result } from '../../shared/result.ts'

const BYTE_UNITS: Readonly<Record<string, number>> = {
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  // As memory and disks are spoken of to Docker and systemd.
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
}

const MEASURE = /^(\d+(?:\.\d+)?) *([a-z%]*)$/

/** `8 GiB`, `512MiB`, `1.5 GB`, `8g`. The error is a sentence. */
export function parseBytes(text: string): Result<number, string> {
  const [, number, unit] = MEASURE.exec(text.trim().toLowerCase()) ?? []
  if (number === undefined) return err('Write a number and a unit, like 8 GiB or 512 MiB.')
  if (unit === '') return err('Add a unit, like 8 GiB or 512 MiB.')
  const factor = BYTE_UNITS[unit ?? '']
  if (factor === undefined) return err('Units are MiB, GiB and TiB (or MB, GB and TB).')
  const bytes = Math.round(Number(number) * factor)
  return Number.isSafeInteger(bytes) ? ok(bytes) : err('That is more than any machine has.')
}

/** Percent of one core: `150%`, `1.5 cores`. The error is a sentence. */
export function parseCpu(text: string): Result<number, string> {
  const [, number, unit] = MEASURE.exec(text.trim().toLowerCase()) ?? []
  if (number === undefined) return err('Write cores or percent of one core, like 2 cores or 150%.')
  if (unit === '') return err('Say which: 2 cores, or 150% of one core.')
  if (unit === '%') return ok(Math.round(Number(number)))
  if (unit === 'core' || unit === 'cores') return ok(Math.round(Number(number) * 100))
  return err('Units are cores and %.')
}

/** `4096`, `4,096`, `4 096`. The error is a sentence. */
export function parseCount(text: string): Result<number, string> {
  const digits = text.trim()
  if (!/^(\d+|\d{1,3}([ ,]\d{3})+)$/.test(digits)) return err('Write a whole number, like 4096.')
  return ok(Number(digits.replaceAll(/[ ,]/g, '')))
}

/** `8 GiB`, `1.5 GiB`; a decimal amount stays one: `8 GB`. Else rounded: `11.73 GiB`. */
export function formatSize(bytes: number): string {
  for (const [units, base] of SIZE_UNITS)
    for (let power = units.length; power > 0; power--) {
      const value = bytes / base ** power
      const isShort = value >= 1 && value < 10_000 && Number(value.toFixed(2)) === value
      if (isShort) return `${value} ${units[power - 1]}`
    }
  const power = Math.max(1, Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${Number((bytes / 1024 ** power).toFixed(2))} ${BINARY[power - 1]}`
}

const BINARY = ['KiB', 'MiB', 'GiB', 'TiB'] as const

const SIZE_UNITS: readonly (readonly [units: readonly string[], base: number])[] = [
  [BINARY, 1024],
  [['kB', 'MB', 'GB', 'TB'], 1000],
]

/** `2 cores`, `1 core`, `50% of a core`. */
export function formatCores(percent: number): string {
  if (percent < 100) return `${percent}% of a core`
  return percent === 100 ? '1 core' : `${percent / 100} cores`
}
