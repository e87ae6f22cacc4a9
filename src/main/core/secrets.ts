import type { SessionId } from '../../shared/domain/ids.ts'
import type { Fact } from '../../shared/domain/timeline.ts'

/** Shorter values are everyday words: blotting them out would make a recording unreadable. */
const MIN_LENGTH = 6
const MARK = '*'

/** A value and the spellings in which programs usually print it, longest first. */
export function spellingsOf(values: readonly string[]): readonly string[] {
  const spellings = values
    .filter((value) => value.length >= MIN_LENGTH)
    .flatMap((value) => [
      value,
      Buffer.from(value).toString('base64'),
      Buffer.from(value).toString('base64url'),
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
    ])
  return [...new Set(spellings)].sort((a, b) => b.length - a.length)
}

export function blotText(text: string, spellings: readonly string[]): string {
  let blotted = text
  for (const spelling of spellings)
    if (blotted.includes(spelling))
      blotted = blotted.replaceAll(spelling, MARK.repeat(spelling.length))
  return blotted
}

/** Every text in a value, however deep; anything else stays as it is. */
function blotDeep<T>(value: T, spellings: readonly string[]): T
function blotDeep(value: unknown, spellings: readonly string[]): unknown {
  if (typeof value === 'string') return blotText(value, spellings)
  if (Array.isArray(value)) return value.map((item) => blotDeep(item, spellings))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, blotDeep(item, spellings)]),
  )
}

/** The values of live sessions that no recording and no log may hold. Only ever in memory. */
export interface Secrets {
  hold(id: SessionId, values: readonly string[]): void
  forget(id: SessionId): void
  of(id: SessionId): readonly string[]
  /** A fact as it may be recorded and shown. */
  blotFact(id: SessionId, fact: Fact): Fact
  /** Bytes as they may be recorded: marks in place of what is secret, as many. */
  blotBytes(id: SessionId, bytes: Uint8Array): Uint8Array
  /** A text as it may be logged: of any live session. */
  blotText(text: string): string
}

export function createSecrets(): Secrets {
  const bySession = new Map<SessionId, readonly string[]>()
  const held = new Map<SessionId, readonly string[]>()
  return {
    hold: (id, values) => {
      held.set(id, values)
      const spellings = spellingsOf(values)
      if (spellings.length > 0) bySession.set(id, spellings)
    },
    forget: (id) => {
      held.delete(id)
      bySession.delete(id)
    },
    of: (id) => held.get(id) ?? [],
    blotFact: (id, fact) => {
      const spellings = bySession.get(id)
      return spellings ? blotDeep(fact, spellings) : fact
    },
    blotBytes: (id, bytes) => {
      const spellings = bySession.get(id)
      if (!spellings) return bytes
      const blotted = Buffer.from(bytes)
      blotBytes(
        blotted,
        spellings.map((spelling) => Buffer.from(spelling)),
      )
      return blotted
    },
    blotText: (text) => {
      let blotted = text
      for (const spellings of bySession.values()) blotted = blotText(blotted, spellings)
      return blotted
    },
  }
}

/**
 * Blots secrets out of a stream of bytes whose pieces end anywhere. Each is replaced by marks of
 * the same length, so that positions stay. What may be the beginning of a secret is held back
 * until the next piece, or until `rest` is taken. One that a terminal's own codes interrupt, or
 * that comes slower than `rest` is taken, is not found.
 */
export interface ByteBlotter {
  push(bytes: Uint8Array): Uint8Array
  /** What was held back. */
  rest(): Uint8Array
}

export function createByteBlotter(values: readonly string[]): ByteBlotter {
  const spellings = spellingsOf(values).map((spelling) => Buffer.from(spelling))
  let held = Buffer.alloc(0)
  return {
    push: (bytes) => {
      const all = Buffer.concat([held, bytes])
      const end = blotBytes(all, spellings)
      const keep = beginningLength(all.subarray(end), spellings)
      held = Buffer.from(all.subarray(all.length - keep))
      return all.subarray(0, all.length - keep)
    },
    rest: () => {
      const rest = held
      held = Buffer.alloc(0)
      return rest
    },
  }
}

/** In place; returns where the last one ended. */
function blotBytes(bytes: Buffer, spellings: readonly Buffer[]): number {
  let end = 0
  for (const spelling of spellings)
    for (let at = bytes.indexOf(spelling); at !== -1; at = bytes.indexOf(spelling, at + 1)) {
      bytes.fill(MARK, at, at + spelling.length)
      end = Math.max(end, at + spelling.length)
    }
  return end
}

/** Length of the longest end of `bytes` with which a spelling begins. */
function beginningLength(bytes: Buffer, spellings: readonly Buffer[]): number {
  let longest = 0
  for (const spelling of spellings) {
    const most = Math.min(spelling.length - 1, bytes.length)
    for (let length = most; length > longest; length--)
      if (bytes.subarray(bytes.length - length).equals(spelling.subarray(0, length)))
        longest = length
  }
  return longest
}
