import { z } from 'zod'

// Ids are minted by the host (lower-case hex with a prefix), so they are safe as file names.
const id = <const B extends string>(prefix: B) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-f]{8,32}$`))
    .brand<B>()

export const SessionId = id('ses')
export type SessionId = z.infer<typeof SessionId>
export const PromptId = id('prm')
export type PromptId = z.infer<typeof PromptId>
export const RuleId = id('rul')
export type RuleId = z.infer<typeof RuleId>
export const ConnectionId = id('con')
export type ConnectionId = z.infer<typeof ConnectionId>
/** An image that is being got or made. */
export const ImageJobId = id('job')
export type ImageJobId = z.infer<typeof ImageJobId>
