import type { ProcessEvent } from '../core/process-events.ts'
import { CLOCK_TICKS_PER_SECOND, parseCmdline, parseStat, waitStatus } from './proc-files.ts'

/** What the reader says of itself, between what it says of processes. */
export type ReaderNote =
  | { readonly type: 'ready'; readonly atMonoMs: number }
  /** Everything the kernel said before the question has been told. */
  | { readonly type: 'synced'; readonly atMonoMs: number }
  /** Events were lost: the processes must be looked at anew. */
  | { readonly type: 'overrun' }
  | { readonly type: 'failed'; readonly reason: string }

export type ReaderRecord = ProcessEvent | ReaderNote

// `struct record` of native/process-events.c.
const HEADER_BYTES = 56
const MAX_RECORD_BYTES = 64 * 1024
const UNREADABLE = 0xffff_ffff
const KINDS = [
  'none',
  'forked',
  'executed',
  'exited',
  'overrun',
  'synced',
  'failed',
  'ready',
] as const
const STEPS = [
  'none',
  'the socket could not be made',
  'the kernel does not let this user listen',
  'the kernel does not take the subscription',
  'the kernel did not answer the subscription',
  'the kernel stopped telling',
] as const
const TICK_MS = 1000 / CLOCK_TICKS_PER_SECOND

/** Cuts a stream of bytes into records; what is not whole yet waits for the next part. */
export interface RecordDecoder {
  /** Throws when the bytes are no records: the reader is broken. */
  decode(part: Buffer): ReaderRecord[]
}

export function createRecordDecoder(): RecordDecoder {
  let rest: Buffer = Buffer.alloc(0)
  return {
    decode: (part) => {
      const bytes = rest.length === 0 ? part : Buffer.concat([rest, part])
      const records: ReaderRecord[] = []
      let at = 0
      while (bytes.length - at >= HEADER_BYTES) {
        const size = bytes.readUInt32LE(at)
        if (size < HEADER_BYTES || size > MAX_RECORD_BYTES || size % 8 !== 0)
          throw new Error(`a record of ${size} bytes`)
        if (bytes.length - at < size) break
        records.push(readRecord(bytes.subarray(at, at + size)))
        at += size
      }
      rest = bytes.subarray(at)
      return records
    },
  }
}

function readRecord(record: Buffer): ReaderRecord {
  const kind = KINDS[record.readUInt32LE(4)]
  const pid = record.readUInt32LE(8)
  const other = record.readUInt32LE(12)
  const status = record.readUInt32LE(16)
  const atMonoMs = Number(record.readBigUInt64LE(24)) / 1e6
  const [stat, cmdline, exe, cwd] = readTexts(record)
  switch (kind) {
    case 'forked': {
      const bootMs = atMonoMs + Number(record.readBigUInt64LE(32)) / 1e6
      const startTicks = startTicksAt(Math.floor(bootMs / TICK_MS), pid, stat ?? null)
      return { type: kind, pid, parentPid: other, atMonoMs, startTicks }
    }
    case 'executed': {
      const argv = cmdline ? parseCmdline(cmdline) : []
      return {
        type: kind,
        pid,
        atMonoMs,
        readMonoMs: atMonoMs + record.readUInt32LE(20) / 1000,
        // A program may have no arguments at all, but one that is gone has none either.
        argv: argv.length > 0 ? argv : null,
        exe: exe?.toString('utf8') ?? null,
        cwd: cwd?.toString('utf8') ?? null,
      }
    }
    case 'exited':
      return { type: kind, pid, atMonoMs, exit: waitStatus(status) }
    case 'failed':
      return { type: kind, reason: reasonOf(other, status) }
    case 'ready':
    case 'synced':
      return { type: kind, atMonoMs }
    case 'overrun':
      return { type: kind }
    default:
      throw new Error(`a record of kind ${record.readUInt32LE(4)}`)
  }
}

function readTexts(record: Buffer): (Buffer | null)[] {
  let at = HEADER_BYTES
  return [40, 44, 48, 52].map((field) => {
    const length = record.readUInt32LE(field)
    if (length === UNREADABLE) return null
    if (length > record.length - at) throw new Error('a text longer than its record')
    at += length
    return record.subarray(at - length, at)
  })
}

/**
 * The start time as /proc shows it, so that every reader of it names the process alike. The kernel
 * takes it a moment before it tells of the fork. Another one belongs to a later process of the same
 * number: then, and when it was gone, the time of the event is what is known of it.
 */
function startTicksAt(eventTicks: number, pid: number, text: Buffer | null): number {
  const stat = text && parseStat(text.toString('utf8'))
  if (!stat || stat.pid !== pid) return eventTicks
  const isSame = stat.startTicks <= eventTicks && stat.startTicks >= eventTicks - 2
  return isSame ? stat.startTicks : eventTicks
}

function reasonOf(step: number, errno: number): string {
  const words = STEPS[step] ?? `step ${step}`
  if (errno !== 0) return `${words} (error ${errno})`
  return `${words}, as in a container or before Linux 6.6`
}
