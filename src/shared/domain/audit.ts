import { z } from 'zod'
import { SessionId } from './ids.ts'
import { Destination } from './policy.ts'
import { Fact } from './timeline.ts'

/** What was decided or done in a session that somebody may have to answer for. */
export const AuditEntry = z.strictObject({
  /** From 1, without gaps. */
  n: z.number().int().positive(),
  /** Wall clock, ms since the epoch. */
  atMs: z.number(),
  sessionId: SessionId,
  title: z.string(),
  workspace: z.string(),
  /** What it was about, where the fact itself names only a number; null: it says it. */
  destination: Destination.nullable(),
  /** Program that asked, in its own words; null: none, or not known. */
  program: z.string().nullable(),
  /** `recording/removed`: a person deleted what was recorded; this entry stays. */
  fact: z.union([Fact, z.strictObject({ type: z.literal('recording/removed') })]),
})
export type AuditEntry = z.infer<typeof AuditEntry>

/** What checking every link of the chain came to. */
export const AuditVerdict = z.discriminatedUnion('result', [
  z.strictObject({ result: z.literal('whole'), entries: z.number().int() }),
  z.strictObject({
    result: z.literal('broken'),
    /** Line of the file, from 1, of the first link that does not hold. */
    line: z.number().int(),
    detail: z.string(),
  }),
])
export type AuditVerdict = z.infer<typeof AuditVerdict>
