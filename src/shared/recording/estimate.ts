import { encodeRecord } from '../terminal-log.ts'
import { joined } from '../joined.ts'
import { createCastWriter } from './cast-writer.ts'
import type { ExportFormat, ExportSource } from './export-source.ts'
import type { Looked } from './hits.ts'

/** Parts of the terminal that are written to see how large they become. */
const SAMPLES = 6
/** Of events and texts in a page; and of the page itself. */
const PAGE_SHARE = 0.15
const PAGE_BYTES = 1_500_000
const BASE64 = 4 / 3

/** Bytes of the file in each form, about. */
export async function estimateBytes(
  source: ExportSource,
  { eventBytes, contentBytes }: Looked,
  squeeze: (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<Record<ExportFormat, number>> {
  const { points, outputBytes, durationMs: lastMs } = source.index
  const step = Math.max(1, Math.ceil(points.length / SAMPLES))
  const cast = { title: null, command: null, startedAtMs: null, exit: null, markers: [], lastMs }
  let sampled = 0
  let castLength = 0
  let packed = 0
  for (let number = 0; number < points.length; number += step) {
    const records = await source.part(number)
    for (const record of records) if (record.kind === 'output') sampled += record.bytes.length
    castLength += createCastWriter(cast, 3).push(records).length
    packed += (await squeeze(joined(records.map(encodeRecord)))).length * BASE64
  }
  const whole = sampled === 0 ? 0 : outputBytes / sampled
  return {
    html: Math.round(packed * whole + (eventBytes + contentBytes) * PAGE_SHARE + PAGE_BYTES),
    cast3: Math.round(castLength * whole),
    cast2: Math.round(castLength * whole),
    jsonl: eventBytes,
  }
}
