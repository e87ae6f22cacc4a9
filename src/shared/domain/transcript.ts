import { z } from 'zod'

/** One thing an agent wrote down of its conversation. */
export const Said = z.strictObject({
  /** Wall clock, ms since the epoch, as the agent says. */
  atMs: z.number(),
  who: z.enum(['person', 'agent', 'tool']),
  /** The beginning of it, in one line. */
  text: z.string(),
})
export type Said = z.infer<typeof Said>
