import { encodeRecord } from '../terminal-log.ts'
import { joined } from '../joined.ts'
import { createCastWriter } from './cast-writer.ts'
import type { ExportFormat, ExportSource, ExportTerminal } from './export-source.ts'
import type { Looked } from './hits.ts'

/** Parts of the terminal that are written to see how large they become. */
const SAMPLES = 6
/** Of events and texts in a page; and of the page itself. */
const PAGE_SHARE = 0.15
const PAGE_BYTES = 1_500_000
const BASE64 = 4 / 3

/** Bytes of the file in a form, about; a cast is of the terminal at a place, the agent's first. */
export type Sizes = (format: ExportFormat, place: number) => number

export async function estimateBytes(
  source: ExportSource,
  { further, eventBytes, contentBytes }: Looked,
  squeeze: (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<Sizes> {
  const casts: number[] = []
  let packed = 0
  for (const id of [null, ...further.map((each) => each.id)]) {
    const size = await sizeOf(await source.terminal(id), squeeze)
    casts.push(size.cast)
    packed += size.packed
  }
  const html = Math.round(packed + (eventBytes + contentBytes) * PAGE_SHARE + PAGE_BYTES)
  const jsonl = eventBytes + casts.reduce((sum, bytes) => sum + bytes, 0)
  return (format, place) =>
    format === 'html' ? html : format === 'jsonl' ? jsonl : (casts[place] ?? 0)
}

async function sizeOf(
  terminal: ExportTerminal,
  squeeze: (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<{ readonly cast: number; readonly packed: number }> {
  const { points, outputBytes, durationMs: lastMs } = terminal.index
  const step = Math.max(1, Math.ceil(points.length / SAMPLES))
  const cast = { title: null, command: null, startedAtMs: null, exit: null, markers: [], lastMs }
  let sampled = 0
  let castLength = 0
  let packed = 0
  for (let number = 0; number < points.length; number += step) {
    const records = await terminal.part(number)
    for (const record of records) if (record.kind === 'output') sampled += record.bytes.length
    castLength += createCastWriter(cast, 3).push(records).length
    packed += (await squeeze(joined(records.map(encodeRecord)))).length * BASE64
  }
  const whole = sampled === 0 ? 0 : outputBytes / sampled
  return { cast: Math.round(castLength * whole), packed: packed * whole }
}
