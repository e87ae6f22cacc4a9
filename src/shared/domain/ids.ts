import { z } from 'zod'

// Ids are minted by the host (lower-case hex with a prefix), so they are safe as file names.
const id = <const B extends string>(prefix: B) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-f]{8,32}$`))
    .brand<B>()

export const SessionId = id('ses')
export type SessionId = z.infer<typeof SessionId>
/** A further terminal of a session. Its own one, of the agent, is called by the session's id. */
export const TerminalId = id('trm')
export type TerminalId = z.infer<typeof TerminalId>
export const AnyTerminalId = z.union([SessionId, TerminalId])
export type AnyTerminalId = z.infer<typeof AnyTerminalId>
export const isFurther = (id: AnyTerminalId): id is TerminalId => TerminalId.safeParse(id).success
export const PromptId = id('prm')
export type PromptId = z.infer<typeof PromptId>
export const RuleId = id('rul')
export type RuleId = z.infer<typeof RuleId>
export const ConnectionId = id('con')
export type ConnectionId = z.infer<typeof ConnectionId>
/** An image that is being got or made. */
export const ImageJobId = id('job')
export type ImageJobId = z.infer<typeof ImageJobId>
