import { z } from 'zod'
import { HostPattern } from './policy.ts'

export const AgentId = z.enum([
  'claude-code',
  'codex',
  'gemini-cli',
  'opencode',
  'shell',
  'command',
])
export type AgentId = z.infer<typeof AgentId>

/** What the start dialog shows of an agent on this machine and in this workspace. */
export const AgentInfo = z.strictObject({
  id: AgentId,
  name: z.string(),
  /** null: not found. */
  executable: z.string().nullable(),
  foundIn: z.enum(['path', 'workspace', 'builtin']).nullable(),
  version: z.string().nullable(),
  /** How to install it, as text to copy. */
  install: z.string().nullable(),
  /** Offered as one reviewable grant, never allowed silently. */
  hosts: z.array(z.strictObject({ host: HostPattern, why: z.string() })),
  /** Sign-in files of the user's own home that can be copied into the session's private home. */
  signIn: z.array(z.string()),
  canResume: z.boolean(),
})
export type AgentInfo = z.infer<typeof AgentInfo>
