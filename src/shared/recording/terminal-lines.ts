import { z } from 'zod'
import { TerminalId } from '../domain/ids.ts'
import type { TerminalRecord } from '../terminal-log.ts'

// Terminals as lines of JSON, after the events. Each line is a record: what was written, or a change of size.

const Line = z.union([
  z.strictObject({ terminal: TerminalId.nullable(), monoMs: z.number(), output: z.string() }),
  z.strictObject({
    terminal: TerminalId.nullable(),
    monoMs: z.number(),
    cols: z.number().int(),
    rows: z.number().int(),
  }),
])
type Line = z.infer<typeof Line>

/** null: the agent's. Takes its records by parts; characters may be cut between two of them. */
export function createTerminalLines(
  terminal: TerminalId | null,
): (records: readonly TerminalRecord[]) => string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  return (records) =>
    records
      .map((record): Line => {
        const { monoMs } = record
        return record.kind === 'resize'
          ? { terminal, monoMs, cols: record.cols, rows: record.rows }
          : { terminal, monoMs, output: decoder.decode(record.bytes, { stream: true }) }
      })
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('')
}

/** What lines of JSON hold of terminals; all other lines are passed over. */
export function terminalsIn(text: string): Map<TerminalId | null, TerminalRecord[]> {
  const found = new Map<TerminalId | null, TerminalRecord[]>()
  const encoder = new TextEncoder()
  for (const line of text.split('\n')) {
    if (!line.startsWith('{"terminal":')) continue
    const read = readLine(line)
    if (!read) continue
    const records = found.get(read.terminal) ?? []
    found.set(read.terminal, records)
    const { monoMs } = read
    records.push(
      'output' in read
        ? { kind: 'output', monoMs, bytes: encoder.encode(read.output) }
        : { kind: 'resize', monoMs, cols: read.cols, rows: read.rows },
    )
  }
  return found
}

function readLine(line: string): Line | null {
  try {
    return Line.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}
