import { z } from 'zod'
import { SessionId } from '../domain/ids.ts'
import { ReviewChoice, ReviewContent, ReviewLook, ReviewOutcome } from '../domain/review.ts'
import { command, SLOW_MS } from './define.ts'

const NoReview = z.strictObject({ type: z.literal('no_review') })

/** What changed in the copies that sessions work on, and what becomes of it. */
export const reviewApi = {
  /** Reads both sides anew. */
  look: command({
    input: z.strictObject({ id: SessionId }),
    output: ReviewLook,
    error: NoReview,
    mayTakeMs: SLOW_MS,
  }),
  /** Both sides of one change; `changed_since`: they are not what `seen` stands for. */
  content: command({
    input: z.strictObject({ id: SessionId, path: z.string().max(4096), seen: z.string().max(128) }),
    output: ReviewContent,
    error: z.discriminatedUnion('type', [
      NoReview,
      z.strictObject({ type: z.literal('changed_since') }),
    ]),
  }),
  /** Brings these changes into the workspace, each whole or not at all. */
  apply: command({
    input: z.strictObject({ id: SessionId, choices: z.array(ReviewChoice).min(1).max(2000) }),
    output: ReviewOutcome,
    error: NoReview,
    mayTakeMs: SLOW_MS,
  }),
  /** Removes the copy with all that was not applied. */
  discard: command({
    input: z.strictObject({ id: SessionId }),
    output: z.null(),
    error: z.discriminatedUnion('type', [
      NoReview,
      z.strictObject({ type: z.literal('still_live') }),
    ]),
  }),
}
