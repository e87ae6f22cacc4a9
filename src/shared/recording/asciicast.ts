import { err, ok, type Result } from '../result.ts'
import type { TerminalRecord } from '../terminal-log.ts'

/** A moment that a person or a program marked, on the recording's own clock. */
export interface Marker {
  readonly atMs: number
  readonly label: string
}

/** What asciicast knows of a recording; https://docs.asciinema.org/manual/asciicast/. */
export interface Cast {
  readonly title: string | null
  readonly command: string | null
  /** Wall clock, ms since the epoch; null: not said. */
  readonly startedAtMs: number | null
  readonly records: readonly TerminalRecord[]
  readonly markers: readonly Marker[]
  /** Exit status of the program; null: not said. */
  readonly exit: number | null
}

export interface DecodedCast extends Cast {
  readonly version: 2 | 3
  /** The last line was cut off, and is left out. */
  readonly isTorn: boolean
}

/** Why a file is no recording, with the line at which that shows. */
export interface CastError {
  readonly line: number
  readonly detail: string
}

const MOST = 65_535

/** Reads version 2 and 3. What was typed is passed over: replay shows what was seen. */
export function decodeCast(text: string): Result<DecodedCast, CastError> {
  const lines = text.split('\n')
  const header = parseHeader(lines[0] ?? '')
  if (!header.ok) return header
  const { version } = header.value
  const encoder = new TextEncoder()
  const records: TerminalRecord[] = [{ kind: 'resize', monoMs: 0, ...header.value.size }]
  const markers: Marker[] = []
  let exit: number | null = null
  let isTorn = false
  let atMs = 0
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '' || (version === 3 && line.startsWith('#'))) continue
    const row = parseRow(line)
    if (!row) {
      if (index === lines.length - 1) {
        isTorn = true
        break
      }
      return err({ line: index + 1, detail: 'it is no event: [time, code, data] is expected' })
    }
    const [seconds, code, data] = row
    // Times that run back are taken as if nothing had passed.
    atMs = version === 2 ? Math.max(atMs, seconds * 1000) : atMs + Math.max(0, seconds * 1000)
    if (code === 'o') records.push({ kind: 'output', monoMs: atMs, bytes: encoder.encode(data) })
    else if (code === 'r') {
      const size = parseSize(data)
      if (size) records.push({ kind: 'resize', monoMs: atMs, ...size })
    } else if (code === 'm') markers.push({ atMs, label: data })
    else if (code === 'x') exit = Number.isInteger(Number(data)) ? Number(data) : null
  }
  const { title, command, startedAtMs } = header.value
  return ok({ version, title, command, startedAtMs, records, markers, exit, isTorn })
}

interface Header extends Pick<Cast, 'title' | 'command' | 'startedAtMs'> {
  readonly version: 2 | 3
  readonly size: { readonly cols: number; readonly rows: number }
}

const wordOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null

function parseHeader(line: string): Result<Header, CastError> {
  const no = (detail: string): Result<never, CastError> => err({ line: 1, detail })
  const header = parseObject(line)
  if (!header) return no('it is no header: a JSON object with a version is expected')
  const { version, timestamp } = header
  if (version !== 2 && version !== 3)
    return no(`asciicast version ${JSON.stringify(version)} is not known; 2 and 3 are`)
  const term = version === 3 && isObject(header.term) ? header.term : {}
  const [cols, rows] =
    version === 2 ? [header.width, header.height] : [term.cols ?? null, term.rows ?? null]
  const size = parseSize(`${String(cols)}x${String(rows)}`)
  if (!size) return no('it names no size of the terminal')
  return ok({
    version,
    size,
    title: wordOf(header.title),
    command: wordOf(header.command),
    startedAtMs: typeof timestamp === 'number' ? timestamp * 1000 : null,
  })
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function parseRow(line: string): readonly [number, string, string] | null {
  try {
    const value: unknown = JSON.parse(line)
    if (!Array.isArray(value)) return null
    const [seconds, code, data] = value as unknown[]
    return typeof seconds === 'number' && typeof code === 'string' && typeof data === 'string'
      ? [seconds, code, data]
      : null
  } catch {
    return null
  }
}

function parseSize(text: string): { cols: number; rows: number } | null {
  const found = /^(\d{1,5})x(\d{1,5})$/.exec(text)
  const cols = Number(found?.[1])
  const rows = Number(found?.[2])
  return cols >= 1 && rows >= 1 && cols <= MOST && rows <= MOST ? { cols, rows } : null
}
