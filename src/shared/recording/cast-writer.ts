import type { TerminalRecord } from '../terminal-log.ts'
import type { Cast, Marker } from './asciicast.ts'

const SIZE = { cols: 80, rows: 24 }
const IDLE_LIMIT_S = 2

/** What is to be known before the first record. */
export interface CastHead extends Omit<Cast, 'records'> {
  /** Clock of the last record, ms. */
  readonly lastMs: number
}

export interface CastWriter {
  /** Lines of JSON, each ended; the first call begins with the header. */
  push(records: readonly TerminalRecord[]): string
  /** What is left. Nothing may follow. */
  end(): string
}

/** One line of JSON for the header, then one for each event; the records come by parts. */
export function createCastWriter(cast: CastHead, version: 2 | 3): CastWriter {
  // Characters may be cut between two records; JSON holds whole ones.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const markers = [...cast.markers].sort((a, b) => a.atMs - b.atMs)
  const endMs = Math.max(0, cast.lastMs, markers.at(-1)?.atMs ?? 0)
  let lines: string[] = []
  let hasBegun = false
  let nextMarker = 0
  let previous = 0
  let atMs = 0

  const row = (ms: number, code: string, data: string): void => {
    // From rounded times, so that many short steps do not drift from the clock.
    const at = Math.round(ms * 1000)
    lines.push(JSON.stringify([(version === 2 ? at : at - previous) / 1e6, code, data]))
    previous = at
  }
  const mark = (isDue: (marker: Marker) => boolean): void => {
    for (let next = markers[nextMarker]; next && isDue(next); next = markers[++nextMarker])
      row(Math.max(0, next.atMs), 'm', next.label)
  }
  const begin = (first: TerminalRecord | undefined): void => {
    hasBegun = true
    lines.push(headerOf(cast, version, first?.kind === 'resize' ? first : SIZE, endMs))
  }
  const take = (): string => {
    const text = lines.map((line) => `${line}\n`).join('')
    lines = []
    return text
  }
  return {
    push: (records) => {
      if (records.length === 0) return ''
      const isFirst = !hasBegun
      if (isFirst) begin(records[0])
      for (const [number, record] of records.entries()) {
        // Clocks of different parts may disagree by a little; a file's never runs back.
        atMs = Math.max(atMs, record.monoMs)
        // The size that the header told.
        if (isFirst && number === 0 && record.kind === 'resize') continue
        mark((marker) => marker.atMs < atMs)
        if (record.kind === 'resize') {
          row(atMs, 'r', `${record.cols}x${record.rows}`)
          continue
        }
        const text = decoder.decode(record.bytes, { stream: true })
        if (text !== '') row(atMs, 'o', text)
      }
      return take()
    },
    end: () => {
      if (!hasBegun) begin(undefined)
      mark(() => true)
      if (version === 3 && cast.exit !== null)
        row(Math.max(endMs, previous / 1000), 'x', String(cast.exit))
      return take()
    },
  }
}

function headerOf(
  { startedAtMs, command, title }: CastHead,
  version: 2 | 3,
  { cols, rows }: { readonly cols: number; readonly rows: number },
  endMs: number,
): string {
  const common = {
    ...(startedAtMs === null ? {} : { timestamp: Math.floor(startedAtMs / 1000) }),
    idle_time_limit: IDLE_LIMIT_S,
    ...(command === null ? {} : { command }),
    ...(title === null ? {} : { title }),
  }
  return JSON.stringify(
    version === 2
      ? { version, width: cols, height: rows, duration: endMs / 1000, ...common }
      : { version, term: { cols, rows, type: 'xterm-256color' }, ...common },
  )
}
