import type { LogPoint, TerminalIndex } from '../domain/terminal-index.ts'
import type { KeyframeRecord, TerminalRecord } from '../terminal-log.ts'
import { createCommandFinder } from './commands-in.ts'

/** No part is much larger, and one with a screen is half of it. */
export const PART_BYTES = 2 * 1024 * 1024
/** Shorter silences are none. */
const SILENCE_MS = 1000
/** A screen is written at most so many bytes of output after its moment. */
const LATE_BYTES = 32 * 1024 * 1024
// An index is one answer: past these it becomes coarser, not longer.
const MOST_POINTS = 16_384
const MOST_STRETCHES = 32_768
const MOST_COMMANDS = 8192
const MOST_LABEL = 400

export interface TerminalIndexer {
  /** The next record, which stands in the log from `at` to `end`. */
  add(record: TerminalRecord | KeyframeRecord, at: number, end: number): void
  /** Of everything so far. */
  index(damage: TerminalIndex['damage']): TerminalIndex
}

/** Reads a log once, record by record; keeps no output. */
export function createTerminalIndexer(): TerminalIndexer {
  const start: LogPoint = { at: 0, records: 0, outputBytes: 0, atMs: 0, screenAt: null }
  const points: LogPoint[] = [start]
  const commands: TerminalIndex['commands'] = []
  const active: TerminalIndex['active'] = []
  const finder = createCommandFinder()
  let last = start
  /** Places at which a screen that is still to come may belong. */
  let recent: LogPoint[] = [start]
  let partBytes = PART_BYTES
  let silenceMs = SILENCE_MS

  const addPoint = (point: LogPoint): void => {
    const after = points.findLastIndex(({ at }) => at <= point.at)
    if (points[after]?.at === point.at) points[after] = point
    else points.splice(after + 1, 0, point)
    if (points.length <= MOST_POINTS) return
    partBytes *= 2
    for (const [index, kept] of points.filter((_, place) => place % 2 === 0).entries())
      points[index] = kept
    points.length = Math.ceil(points.length / 2)
  }

  const addMoment = (monoMs: number): void => {
    const stretch = active.at(-1)
    if (stretch && monoMs - stretch.toMs <= silenceMs) stretch.toMs = Math.max(stretch.toMs, monoMs)
    else active.push({ fromMs: monoMs, toMs: monoMs })
    if (active.length <= MOST_STRETCHES) return
    silenceMs *= 2
    const joined: TerminalIndex['active'] = []
    for (const { fromMs, toMs } of active.splice(0)) {
      const before = joined.at(-1)
      if (before && fromMs - before.toMs <= silenceMs) before.toMs = toMs
      else joined.push({ fromMs, toMs })
    }
    active.push(...joined)
  }

  const addScreen = ({ outputBytes }: KeyframeRecord, screenAt: number): void => {
    // One that stands within a record is left out.
    const found = recent.find((point) => point.outputBytes >= outputBytes)
    if (found?.outputBytes !== outputBytes) return
    recent = recent.slice(recent.indexOf(found))
    addPoint({ ...found, screenAt })
  }

  return {
    add: (record, at, end) => {
      if (record.kind === 'keyframe') return addScreen(record, at)
      const outputBytes = last.outputBytes + (record.kind === 'output' ? record.bytes.length : 0)
      const atMs = Math.max(last.atMs, record.monoMs)
      last = { at: end, records: last.records + 1, outputBytes, atMs, screenAt: null }
      recent.push(last)
      if (outputBytes - (recent[0]?.outputBytes ?? 0) > LATE_BYTES)
        recent = recent.filter((point) => outputBytes - point.outputBytes <= LATE_BYTES / 2)
      if (end - (points.at(-1)?.at ?? 0) > partBytes) addPoint(last)
      addMoment(record.monoMs)
      for (const { atMs: startMs, label } of finder.add(record))
        if (commands.length < MOST_COMMANDS)
          commands.push({ atMs: startMs, label: label.slice(0, MOST_LABEL) })
    },
    index: (damage) => ({
      points: [...points],
      bytes: last.at,
      records: last.records,
      outputBytes: last.outputBytes,
      durationMs: last.atMs,
      damage,
      active: active.map((stretch) => ({ ...stretch })),
      commands: [...commands],
    }),
  }
}
