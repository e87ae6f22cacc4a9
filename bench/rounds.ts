import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** One thing that is measured against others. Resolves to what it took, in milliseconds. */
export interface Contender {
  readonly name: string
  run(): Promise<number>
}

export interface Measured {
  readonly name: string
  readonly medianMs: number
  readonly lowMs: number
  readonly highMs: number
  /** Median against that of the first contender. */
  readonly ratio: number
}

/**
 * Rounds in which each contender runs once, so that whatever else the machine does meets all of
 * them. The first round warms caches and is not counted.
 */
export async function measure(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Measured[]> {
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++)
    for (const { name, run } of contenders) {
      const ms = await run()
      if (round > 0) samples.get(name)?.push(ms)
    }
  const first = median(samples.get(contenders[0]?.name ?? '') ?? [])
  return contenders.map(({ name }) => {
    const sorted = (samples.get(name) ?? []).sort((a, b) => a - b)
    const middle = median(sorted)
    return {
      name,
      medianMs: middle,
      lowMs: at(sorted, 0.1),
      highMs: at(sorted, 0.9),
      ratio: middle / first,
    }
  })
}

const median = (values: readonly number[]): number =>
  at(
    [...values].sort((a, b) => a - b),
    0.5,
  )

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

/** The clock of the machine, by the first program that runs inside. */
export const STAMP = ['/bin/sh', '-c', 'date +%s%N >stamp']

/** From asking `run` for `STAMP` in `workspace` to its first instruction. */
export const firstInstructionBy = (
  workspace: string,
  name: string,
  run: (command: readonly string[]) => Promise<void>,
): Contender => ({
  name,
  run: async () => {
    const stamp = join(workspace, 'stamp')
    rmSync(stamp, { force: true })
    const startedMs = performance.timeOrigin + performance.now()
    await run(STAMP)
    return Number(readFileSync(stamp, 'utf8')) / 1e6 - startedMs
  },
})

export function table(title: string, rows: readonly Measured[]): string {
  const lines = rows.map(({ name, medianMs, lowMs, highMs, ratio }) =>
    [
      name.padEnd(26),
      `${medianMs.toFixed(1)} ms`.padStart(11),
      `${lowMs.toFixed(1)}–${highMs.toFixed(1)}`.padStart(16),
      `${ratio.toFixed(2)}×`.padStart(8),
    ].join(' '),
  )
  const head = ['', 'median', '10–90 %', 'ratio']
  return [
    `\n${title}`,
    [head[0]!.padEnd(26), head[1]!.padStart(11), head[2]!.padStart(16), head[3]!.padStart(8)].join(
      ' ',
    ),
    ...lines,
  ].join('\n')
}
