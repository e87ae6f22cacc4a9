import { z } from 'zod'

/** Why a change is applied only when it is ticked by itself. */
export const ReviewGuard = z.enum([
  /** Programs outside obey it: settings of agents and editors, hooks, a repository's own. */
  'obeyed',
  /** A link that leads out of the workspace. */
  'leads-out',
])
export type ReviewGuard = z.infer<typeof ReviewGuard>

/** What applying one path of a review would do to the workspace. */
export const ReviewChange = z.strictObject({
  /** Relative to the workspace. */
  path: z.string(),
  change: z.enum(['added', 'changed', 'deleted']),
  kind: z.enum(['file', 'link']),
  /** In the copy; null: it is not there, or a link. */
  bytes: z.number().nullable(),
  /** Where the link of the copy leads; null: it is none. */
  target: z.string().nullable(),
  /** It would be a program that can be run. */
  isExecutable: z.boolean(),
  /** The workspace has something else there than when the copy was made. */
  isConflict: z.boolean(),
  guard: ReviewGuard.nullable(),
  /** Stands for both sides as they were looked at; what differs from it is not applied. */
  seen: z.string(),
})
export type ReviewChange = z.infer<typeof ReviewChange>

/** What of a copy is never applied. */
export const LeftOut = z.strictObject({
  path: z.string(),
  why: z.enum(['special', 'large', 'unreadable', 'deep', 'name']),
})
export type LeftOut = z.infer<typeof LeftOut>

export const ReviewLook = z.strictObject({
  changes: z.array(ReviewChange),
  /** False: there are more changes than are told at once. */
  isWhole: z.boolean(),
  /** The first of them. */
  leftOut: z.array(LeftOut),
  /** How many there are. */
  leftOutCount: z.number().int(),
})
export type ReviewLook = z.infer<typeof ReviewLook>

/** One path that a person chose, as they saw it. */
export const ReviewChoice = z.strictObject({
  path: z.string().min(1).max(4096),
  seen: z.string().max(128),
  /** What the workspace has there meanwhile may go. */
  overwrites: z.boolean(),
  /** Its guard was ticked. */
  isTicked: z.boolean(),
})
export type ReviewChoice = z.infer<typeof ReviewChoice>

export const RefusedChange = z.strictObject({
  path: z.string(),
  why: z.enum(['changed-since', 'conflict', 'guarded', 'blocked']),
  /** The machine's own words; '': there are none. */
  detail: z.string(),
})
export type RefusedChange = z.infer<typeof RefusedChange>

export const ReviewOutcome = z.strictObject({
  applied: z.array(z.string()),
  refused: z.array(RefusedChange),
})
export type ReviewOutcome = z.infer<typeof ReviewOutcome>

/** Both sides of a change as text; null: there is none, or it is no text or too large to show. */
export const ReviewContent = z.strictObject({
  before: z.string().nullable(),
  after: z.string().nullable(),
  /** Why the two cannot be shown side by side; null: they can. */
  unshown: z.enum(['binary', 'large', 'link']).nullable(),
})
export type ReviewContent = z.infer<typeof ReviewContent>
