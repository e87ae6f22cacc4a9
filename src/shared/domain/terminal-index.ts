import { z } from 'zod'

const count = z.number().int().nonnegative()

/** A place between two records of a terminal log. */
export const LogPoint = z.strictObject({
  /** Byte of the log at which what follows begins. */
  at: count,
  /** Records before it, and the bytes of output in them. */
  records: count,
  outputBytes: count,
  /** Session clock of the last record before it, ms. */
  atMs: z.number(),
  /** Byte of the log at which the whole screen of this place was kept; null: it was not. */
  screenAt: count.nullable(),
})
export type LogPoint = z.infer<typeof LogPoint>

/** What is to be known of a terminal log before any of its output is read. */
export const TerminalIndex = z.strictObject({
  /** In rising order, the first at the beginning. Between two of them lies one part. */
  points: z.array(LogPoint),
  /** Bytes that form whole, sound records. */
  bytes: count,
  records: count,
  outputBytes: count,
  durationMs: z.number(),
  /** Of what follows the sound bytes. */
  damage: z.enum(['none', 'torn', 'damaged']),
  /** Stretches without a long silence, in rising order. */
  active: z.array(z.strictObject({ fromMs: z.number(), toMs: z.number() })),
  /** Moments at which a command was started, as an integrated shell tells them. */
  commands: z.array(z.strictObject({ atMs: z.number(), label: z.string() })),
})
export type TerminalIndex = z.infer<typeof TerminalIndex>
