import type { ProcessKey, ProcessSample } from '../../shared/domain/process.ts'

/** Closer samples are passed over: a line as wide as a thumb shows no more. */
const STEP_MS = 1000

interface History {
  readonly atMs: number[]
  readonly percent: number[]
}

/** Computing time of each process over the session's clock; grows in place. */
export interface CpuHistory {
  add(monoMs: number, samples: readonly ProcessSample[]): void
  /** The last values up to a moment, percent of one core, oldest first. */
  until(key: ProcessKey, monoMs: number, count: number): readonly number[]
}

export function createCpuHistory(): CpuHistory {
  const histories = new Map<ProcessKey, History>()
  return {
    add: (monoMs, samples) => {
      for (const { key, cpuPercent } of samples) {
        const history = histories.get(key) ?? { atMs: [], percent: [] }
        histories.set(key, history)
        if (monoMs - (history.atMs.at(-1) ?? -STEP_MS) < STEP_MS) continue
        history.atMs.push(monoMs)
        history.percent.push(cpuPercent)
      }
    },
    until: (key, monoMs, count) => {
      const history = histories.get(key)
      if (!history) return []
      let end = history.atMs.length
      while (end > 0 && history.atMs[end - 1]! > monoMs) end--
      return history.percent.slice(Math.max(0, end - count), end)
    },
  }
}
