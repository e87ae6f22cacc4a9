import { z } from 'zod'
import { SessionId, TerminalId } from './ids.ts'

const count = z.number().int().nonnegative()

/** Words found in a recording. */
export const SearchHit = z.strictObject({
  sessionId: SessionId,
  place: z.enum(['terminal', 'event']),
  /** The session's own clock, ms. */
  atMs: z.number(),
  excerpt: z.string(),
})
export type SearchHit = z.infer<typeof SearchHit>

/** Where a search of all recordings goes on. */
export const SearchCursor = z.strictObject({
  sessionId: SessionId,
  /** Recordings before it. */
  number: count,
  place: SearchHit.shape.place,
  /** null: the agent's, or none. */
  terminal: TerminalId.nullable(),
  /** Part of its terminal, or sequence number of its events. */
  at: count,
  /** Hits in it so far. */
  found: count,
})
export type SearchCursor = z.infer<typeof SearchCursor>

export const SearchPage = z.strictObject({
  hits: z.array(SearchHit),
  /** null: all was looked through. */
  next: SearchCursor.nullable(),
  /** Recordings that are done, and all of them. */
  done: count,
  of: count,
})
export type SearchPage = z.infer<typeof SearchPage>
