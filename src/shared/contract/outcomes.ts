import { z } from 'zod'

export const UnknownSession = z.strictObject({ type: z.literal('unknown_session') })
/** It does not run (yet, or any more). */
export const NotLive = z.strictObject({ type: z.literal('not_live') })
