/**
 * The terminal part of a recording: what a program wrote, when, and every change of size.
 * One record: u32 payload length · u8 kind · f64 session clock in ms · u32 CRC-32 · payload
 * (little-endian; the checksum covers kind, clock and payload). Appended only, never rewritten.
 */
export const RECORD_HEADER_BYTES = 17
export const MAX_RECORD_BYTES = 256 * 1024

export type TerminalRecord =
  | { readonly kind: 'output'; readonly monoMs: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'resize'
      readonly monoMs: number
      readonly cols: number
      readonly rows: number
    }

const KIND = { output: 1, resize: 2 } as const

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})

/** CRC-32 (IEEE), continued from `seed` over `bytes[start..end)`. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  let c = ~seed
  for (let i = start; i < end; i++) c = (CRC_TABLE[(c ^ bytes[i]!) & 0xff] as number) ^ (c >>> 8)
  return ~c >>> 0
}

function seal(kind: number, monoMs: number, payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_BYTES + payload.length)
  const view = new DataView(record.buffer)
  view.setUint32(0, payload.length, true)
  view.setUint8(4, kind)
  view.setFloat64(5, monoMs, true)
  record.set(payload, RECORD_HEADER_BYTES)
  view.setUint32(13, checksum(record, payload.length), true)
  return record
}

const checksum = (record: Uint8Array, payloadBytes: number, at = 0): number =>
  crc32(
    record,
    at + RECORD_HEADER_BYTES,
    at + RECORD_HEADER_BYTES + payloadBytes,
    crc32(record, at + 4, at + 13),
  )

/** `bytes` must not exceed MAX_RECORD_BYTES; the writer splits larger chunks. */
export const encodeOutput = (monoMs: number, bytes: Uint8Array): Uint8Array =>
  seal(KIND.output, monoMs, bytes)

export function encodeResize(monoMs: number, cols: number, rows: number): Uint8Array {
  const payload = new Uint8Array(4)
  const view = new DataView(payload.buffer)
  view.setUint16(0, cols, true)
  view.setUint16(2, rows, true)
  return seal(KIND.resize, monoMs, payload)
}

export interface DecodedLog {
  readonly records: readonly TerminalRecord[]
  /** Bytes that form whole, sound records; what follows is torn or damaged. */
  readonly soundBytes: number
  readonly damage: 'none' | 'torn' | 'damaged'
}

/** Decodes from the start of `bytes`; stops at the first record that is cut or fails its checksum. */
export function decodeLog(bytes: Uint8Array): DecodedLog {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: TerminalRecord[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + RECORD_HEADER_BYTES > bytes.length) return { records, soundBytes: at, damage: 'torn' }
    const length = view.getUint32(at, true)
    if (length > MAX_RECORD_BYTES) return { records, soundBytes: at, damage: 'damaged' }
    const end = at + RECORD_HEADER_BYTES + length
    if (end > bytes.length) return { records, soundBytes: at, damage: 'torn' }
    if (view.getUint32(at + 13, true) !== checksum(bytes, length, at))
      return { records, soundBytes: at, damage: 'damaged' }
    const kind = view.getUint8(at + 4)
    const monoMs = view.getFloat64(at + 5, true)
    const payload = at + RECORD_HEADER_BYTES
    if (kind === KIND.output)
      records.push({ kind: 'output', monoMs, bytes: bytes.subarray(payload, end) })
    else if (kind === KIND.resize && length === 4)
      records.push({
        kind: 'resize',
        monoMs,
        cols: view.getUint16(payload, true),
        rows: view.getUint16(payload + 2, true),
      })
    else return { records, soundBytes: at, damage: 'damaged' }
    at = end
  }
  return { records, soundBytes: at, damage: 'none' }
}
