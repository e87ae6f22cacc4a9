import { joined } from './joined.ts'

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

/** One table for each of eight bytes that are taken in one step. */
const CRC_TABLES = crcTables()

function crcTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256)
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    tables[n] = c >>> 0
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]!
    tables[at] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}

/** CRC-32 (IEEE), continued from `seed` over `bytes[start..end)`. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  const t = CRC_TABLES
  let c = ~seed
  let i = start
  for (const whole = end - 7; i < whole; i += 8)
    c =
      t[0x700 | ((c ^ bytes[i]!) & 0xff)]! ^
      t[0x600 | (((c >>> 8) ^ bytes[i + 1]!) & 0xff)]! ^
      t[0x500 | (((c >>> 16) ^ bytes[i + 2]!) & 0xff)]! ^
      t[0x400 | ((c >>> 24) ^ bytes[i + 3]!)]! ^
      t[0x300 | bytes[i + 4]!]! ^
      t[0x200 | bytes[i + 5]!]! ^
      t[0x100 | bytes[i + 6]!]! ^
      t[bytes[i + 7]!]!
  for (; i < end; i++) c = t[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8)
  return ~c >>> 0
}

/** CRC-32 over bytes, continued from a value; `crc32` of this file, or one that is as right and faster. */
type Checksum = (bytes: Uint8Array, seed: number) => number

const ownChecksum: Checksum = (bytes, seed) => crc32(bytes, 0, bytes.length, seed)

function header(
  kind: number,
  monoMs: number,
  payload: Uint8Array,
  sum: Checksum = ownChecksum,
): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, payload.length, true)
  view.setUint8(4, kind)
  view.setFloat64(5, monoMs, true)
  view.setUint32(13, sum(payload, sum(bytes.subarray(4, 13), 0)), true)
  return bytes
}

const seal = (kind: number, monoMs: number, payload: Uint8Array): Uint8Array =>
  joined([header(kind, monoMs, payload), payload])

const checksum = (record: Uint8Array, payloadBytes: number, at: number): number =>
  crc32(
    record,
    at + RECORD_HEADER_BYTES,
    at + RECORD_HEADER_BYTES + payloadBytes,
    crc32(record, at + 4, at + 13),
  )

/** `bytes` must not exceed MAX_RECORD_BYTES; the writer splits larger chunks. */
export const encodeOutput = (monoMs: number, bytes: Uint8Array): Uint8Array =>
  seal(KIND.output, monoMs, bytes)

/** What stands before `bytes` in a log: for a writer that need not copy them. */
export const outputHeader = (monoMs: number, bytes: Uint8Array, sum: Checksum): Uint8Array =>
  header(KIND.output, monoMs, bytes, sum)

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

export const encodeRecord = (record: TerminalRecord): Uint8Array =>
  record.kind === 'output'
    ? encodeOutput(record.monoMs, record.bytes)
    : encodeResize(record.monoMs, record.cols, record.rows)

export interface DecodedLog {
  readonly records: readonly TerminalRecord[]
  readonly keyframes: readonly Keyframe[]
  /** Bytes that form whole, sound records; what follows is torn or damaged. */
  readonly soundBytes: number
  readonly damage: 'none' | 'torn' | 'damaged'
}

export interface KeyframeRecord extends Keyframe {
  readonly kind: 'keyframe'
  readonly monoMs: number
}

/** One sound record, and where the next begins. */
export interface FoundRecord {
  readonly record: TerminalRecord | KeyframeRecord
  readonly end: number
}

/** The record at `at`. `torn`: it is not all there; `damaged`: it fails its checksum. */
export function readRecord(bytes: Uint8Array, at: number): FoundRecord | 'torn' | 'damaged' {
  const payload = at + RECORD_HEADER_BYTES
  if (payload > bytes.length) return 'torn'
  const view = new DataView(bytes.buffer, bytes.byteOffset + at)
  const length = view.getUint32(0, true)
  if (length > MAX_RECORD_BYTES) return 'damaged'
  const end = payload + length
  if (end > bytes.length) return 'torn'
  if (view.getUint32(13, true) !== checksum(bytes, length, at)) return 'damaged'
  const kind = view.getUint8(4)
  const monoMs = view.getFloat64(5, true)
  const number = (place: number): number => view.getUint16(RECORD_HEADER_BYTES + place, true)
  if (kind === KIND.output)
    return { record: { kind: 'output', monoMs, bytes: bytes.subarray(payload, end) }, end }
  if (kind === KIND.resize && length === 4)
    return { record: { kind: 'resize', monoMs, cols: number(0), rows: number(2) }, end }
  if (kind === KIND.keyframe && length >= KEYFRAME_HEADER_BYTES) {
    const outputBytes = view.getFloat64(RECORD_HEADER_BYTES, true)
    const screen = bytes.subarray(payload + KEYFRAME_HEADER_BYTES, end)
    const size = { cols: number(8), rows: number(10) }
    return { record: { kind: 'keyframe', monoMs, outputBytes, ...size, screen }, end }
  }
  return 'damaged'
}

/** Decodes from the start of `bytes`; stops at the first record that is cut or fails its checksum. */
export function decodeLog(bytes: Uint8Array): DecodedLog {
  const records: TerminalRecord[] = []
  const keyframes: Keyframe[] = []
  let at = 0
  while (at < bytes.length) {
    const found = readRecord(bytes, at)
    if (typeof found === 'string') return { records, keyframes, soundBytes: at, damage: found }
    if (found.record.kind === 'keyframe') keyframes.push(found.record)
    else records.push(found.record)
    at = found.end
  }
  return { records, keyframes, soundBytes: at, damage: 'none' }
}
