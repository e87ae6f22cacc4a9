import { z } from 'zod'

/** Additive changes keep it; anything else raises it and old clients are refused with a sentence. */
export const PROTOCOL_VERSION = 1

export const LIMITS = {
  /** One frame from a viewer, text or binary, in bytes. */
  frameBytes: 1024 * 1024,
  /** One frame from the host: snapshots of long lists fit, nothing unbounded does. */
  hostFrameBytes: 16 * 1024 * 1024,
  /** Events in one batch of a session's stream. */
  eventBatch: 500,
  /** Terminal output sent to one viewer that it has not yet drawn. Past it: a fresh snapshot. */
  viewerWindowBytes: 1024 * 1024,
  /** Subscriptions and terminals open at once on one connection. */
  streams: 64,
  /** Frames that do not parse before the connection is closed. */
  malformed: 8,
  /** Bytes of a recording answered to one read. */
  readBytes: 512 * 1024,
  callTimeoutMs: 30_000,
} as const

export const FaultCode = z.enum([
  'cancelled',
  'timeout',
  'disconnected',
  'unknown_endpoint',
  'bad_input',
  'incompatible',
  'internal',
])
export type FaultCode = z.infer<typeof FaultCode>

/** A bug or broken plumbing. The interface shows one generic surface for all and reads no text. */
export class Fault extends Error {
  readonly code: FaultCode
  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'Fault'
    this.code = code
  }
}

const streamNumber = z.number().int().min(1).max(0xffff_ffff)
const size = z.number().int().min(2).max(1000)

/** Text frames a client sends. */
export const ClientFrame = z.discriminatedUnion('t', [
  z.strictObject({
    t: z.literal('hello'),
    protocol: z.number().int(),
    clientId: z.string().min(8).max(64),
  }),
  z.strictObject({
    t: z.literal('call'),
    id: z.string().min(1).max(64),
    endpoint: z.string().max(64),
    input: z.unknown(),
  }),
  z.strictObject({ t: z.literal('cancel'), id: z.string().min(1).max(64) }),
  z.strictObject({
    t: z.literal('subscribe'),
    stream: streamNumber,
    endpoint: z.string().max(64),
    key: z.unknown(),
  }),
  z.strictObject({ t: z.literal('unsubscribe'), stream: streamNumber }),
  z.strictObject({
    t: z.literal('terminal/open'),
    stream: streamNumber,
    sessionId: z.string().max(64),
    /** A further terminal of it; absent: the agent's. */
    terminalId: z.string().max(64).optional(),
    cols: size,
    rows: size,
  }),
  /** The viewer has drawn everything before `offset` (bytes of output since the session began). */
  z.strictObject({ t: z.literal('terminal/drawn'), stream: streamNumber, offset: z.number() }),
  z.strictObject({ t: z.literal('terminal/resize'), stream: streamNumber, cols: size, rows: size }),
  z.strictObject({ t: z.literal('terminal/close'), stream: streamNumber }),
  /** Bytes of a recording's terminal log from `offset`; answered by one `recording` byte frame. */
  z.strictObject({
    t: z.literal('recording/read'),
    stream: streamNumber,
    sessionId: z.string().max(64),
    terminalId: z.string().max(64).optional(),
    offset: z.number().int().nonnegative(),
  }),
])
export type ClientFrame = z.infer<typeof ClientFrame>

/** Text frames the host sends. */
export const HostFrame = z.discriminatedUnion('t', [
  z.strictObject({ t: z.literal('welcome'), protocol: z.number().int(), version: z.string() }),
  z.strictObject({ t: z.literal('answer'), id: z.string(), output: z.unknown() }),
  z.strictObject({ t: z.literal('fault'), id: z.string(), code: FaultCode, message: z.string() }),
  z.strictObject({
    t: z.literal('snapshot'),
    stream: z.number(),
    seq: z.number(),
    state: z.unknown(),
  }),
  z.strictObject({
    t: z.literal('delta'),
    stream: z.number(),
    seq: z.number(),
    change: z.unknown(),
  }),
  /** The stream ended on the host's side (unknown session, bad key, too many streams). */
  z.strictObject({
    t: z.literal('closed'),
    stream: z.number(),
    code: FaultCode,
    message: z.string(),
  }),
  /** The terminal's size as its owner set it; every viewer follows. */
  z.strictObject({
    t: z.literal('terminal/size'),
    stream: z.number(),
    cols: z.number(),
    rows: z.number(),
  }),
])
export type HostFrame = z.infer<typeof HostFrame>

/** Kinds of byte frames: `[u8 kind][u32 stream][f64 offset][payload]`, little-endian. */
export const BYTES = {
  /** Terminal output; offset = bytes of output before it. */
  output: 1,
  /** Escape sequences that redraw the exact screen; offset = bytes of output it includes. */
  screen: 2,
  /** What the person typed, towards the program. */
  input: 3,
  /** Part of a recording's terminal log; offset = file offset; empty at its end. */
  recording: 4,
} as const
export type ByteKind = (typeof BYTES)[keyof typeof BYTES]
export const BYTE_HEADER = 13

export interface ByteFrame {
  readonly kind: ByteKind
  readonly stream: number
  readonly offset: number
  readonly payload: Uint8Array
}

export function encodeBytes(frame: ByteFrame): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BYTE_HEADER + frame.payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, frame.kind)
  view.setUint32(1, frame.stream, true)
  view.setFloat64(5, frame.offset, true)
  bytes.set(frame.payload, BYTE_HEADER)
  return bytes
}

/** null: not a byte frame of this protocol. The payload is a view, not a copy. */
export function decodeBytes(bytes: Uint8Array): ByteFrame | null {
  if (bytes.length < BYTE_HEADER || bytes.length > LIMITS.hostFrameBytes) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kind = view.getUint8(0)
  const offset = view.getFloat64(5, true)
  if (kind < 1 || kind > 4 || !Number.isSafeInteger(offset) || offset < 0) return null
  return {
    kind: kind as ByteKind,
    stream: view.getUint32(1, true),
    offset,
    payload: bytes.subarray(BYTE_HEADER),
  }
}
