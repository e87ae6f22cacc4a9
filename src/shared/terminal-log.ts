/**
 * The terminal part of a recording: what a program wrote, when, every change of size, and now and then
 * the whole screen, so that a replay can begin in the middle.
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

/** The whole screen after so many bytes of output; written a little later than those. */
export interface Keyframe {
  readonly outputBytes: number
  readonly cols: number
  readonly rows: number
  /** Sequences that draw it on any terminal of this size. */
  readonly screen: Uint8Array
}

const KIND = { output: 1, resize: 2, keyframe: 3 } as const
const KEYFRAME_HEADER_BYTES = 12
/** More does not go into a record. */
export const MAX_SCREEN_BYTES = MAX_RECORD_BYTES - KEYFRAME_HEADER_BYTES

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

export function encodeKeyframe(
  monoMs: number,
  { outputBytes, cols, rows, screen }: Keyframe,
): Uint8Array {
  const payload = new Uint8Array(KEYFRAME_HEADER_BYTES + screen.length)
  const view = new DataView(payload.buffer)
  view.setFloat64(0, outputBytes, true)
  view.setUint16(8, cols, true)
  view.setUint16(10, rows, true)
  payload.set(screen, KEYFRAME_HEADER_BYTES)
  return seal(KIND.keyframe, monoMs, payload)
}

export interface DecodedLog {
  readonly records: readonly TerminalRecord[]
  readonly keyframes: readonly Keyframe[]
  /** Bytes that form whole, sound records; what follows is torn or damaged. */
  readonly soundBytes: number
  readonly damage: 'none' | 'torn' | 'damaged'
}

/** Decodes from the start of `bytes`; stops at the first record that is cut or fails its checksum. */
export function decodeLog(bytes: Uint8Array): DecodedLog {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: TerminalRecord[] = []
  const keyframes: Keyframe[] = []
  const found = { records, keyframes }
  let at = 0
  while (at < bytes.length) {
    if (at + RECORD_HEADER_BYTES > bytes.length) return { ...found, soundBytes: at, damage: 'torn' }
    const length = view.getUint32(at, true)
    if (length > MAX_RECORD_BYTES) return { ...found, soundBytes: at, damage: 'damaged' }
    const end = at + RECORD_HEADER_BYTES + length
    if (end > bytes.length) return { ...found, soundBytes: at, damage: 'torn' }
    if (view.getUint32(at + 13, true) !== checksum(bytes, length, at))
      return { ...found, soundBytes: at, damage: 'damaged' }
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
    else if (kind === KIND.keyframe && length >= KEYFRAME_HEADER_BYTES)
      keyframes.push({
        outputBytes: view.getFloat64(payload, true),
        cols: view.getUint16(payload + 8, true),
        rows: view.getUint16(payload + 10, true),
        screen: bytes.subarray(payload + KEYFRAME_HEADER_BYTES, end),
      })
    else return { ...found, soundBytes: at, damage: 'damaged' }
    at = end
  }
  return { ...found, soundBytes: at, damage: 'none' }
}
