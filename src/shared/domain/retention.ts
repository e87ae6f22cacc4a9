import { z } from 'zod'
import { SessionId } from './ids.ts'

/** How long recordings are kept. What runs is never removed, nor what a person wants to keep. */
export const Retention = z.strictObject({
  /** Days since the end of the session; null: for ever. */
  days: z.number().int().min(1).max(3650).nullable(),
  /** Bytes of all recordings together, the oldest going first; null: any number. */
  bytes: z.number().int().min(1_000_000).nullable(),
  /** Those that stay whatever else is said. */
  kept: z.array(SessionId),
})
export type Retention = z.infer<typeof Retention>
