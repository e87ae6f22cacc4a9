import type { TerminalRecord } from '../terminal-log.ts'
import { findingsIn, readableText } from './readable-text.ts'

/** Output before a part in which words may begin that end in it. */
const OVERLAP_BYTES = 16 * 1024

export interface Finding {
  /** Session clock, ms. */
  readonly atMs: number
  /** A little of what is around it. */
  readonly excerpt: string
}

const AROUND = 60

/**
 * What is found in each of the parts of a terminal's output, from part `from` on: also what begins in
 * the part before, and nothing twice.
 */
export async function* findByParts(
  readPart: (part: number) => Promise<readonly TerminalRecord[]>,
  count: number,
  pattern: RegExp,
  from = 0,
): AsyncGenerator<{ readonly part: number; readonly bytes: number; readonly found: Finding[] }> {
  let before = from > 0 ? endOf(await readPart(from - 1)) : []
  for (let part = from; part < count; part++) {
    const records = await readPart(part)
    const text = readableText([...before, ...records])
    const fresh = before.length === 0 ? 0 : readableText(before).text.length
    const found: Finding[] = []
    // What ended before was found with the part before.
    for (const { place, length, atMs } of findingsIn(text, pattern))
      if (place + length > fresh) found.push({ atMs, excerpt: around(text.text, place, length) })
    before = endOf([...before, ...records])
    yield { part, bytes: outputOf(records), found }
  }
}

export const around = (text: string, at: number, length: number): string =>
  text.slice(Math.max(0, at - AROUND), at + length + AROUND).replaceAll(/\s+/g, ' ')

const outputOf = (records: readonly TerminalRecord[]): number =>
  records.reduce((sum, record) => sum + (record.kind === 'output' ? record.bytes.length : 0), 0)

/** The last records, with as much output as words may reach back. */
function endOf(records: readonly TerminalRecord[]): TerminalRecord[] {
  let bytes = 0
  let from = records.length
  while (from > 0 && bytes < OVERLAP_BYTES) {
    const record = records[--from]!
    if (record.kind === 'output') bytes += record.bytes.length
  }
  return records.slice(from)
}
