import { z } from 'zod'
import { SessionId, TerminalId } from '../domain/ids.ts'
import { command, SLOW_MS } from './define.ts'
import { NotLive, UnknownSession } from './outcomes.ts'

export const OpenTerminalError = z.discriminatedUnion('type', [
  UnknownSession,
  NotLive,
  /** So many run already. */
  z.strictObject({ type: z.literal('too_many'), most: z.number().int() }),
  /** `reason`: a sentence. Nothing was started that goes on. */
  z.strictObject({ type: z.literal('refused'), reason: z.string() }),
])
export type OpenTerminalError = z.infer<typeof OpenTerminalError>

const Of = z.strictObject({ session: SessionId, terminal: TerminalId })

/** Terminals of a session besides the agent's. */
export const terminalApi = {
  /** A shell of the person's behind the same boundary as the agent. */
  open: command({
    input: z.strictObject({ session: SessionId }),
    output: TerminalId,
    error: OpenTerminalError,
    mayTakeMs: SLOW_MS,
  }),
  /** Resolves when its shell is gone: it is told, and killed if it does not end. */
  close: command({
    input: Of,
    output: z.null(),
    error: z.strictObject({ type: z.literal('unknown_terminal') }),
  }),
}
