import { z } from 'zod'
import { AgentId } from './agent.ts'

/** One answer about an agent by itself, and where it comes from. */
export const PostureFact = z.strictObject({
  value: z.string(),
  /** A file and its key, or that none says otherwise. */
  from: z.string(),
})
export type PostureFact = z.infer<typeof PostureFact>

/** How an installed agent runs on this machine when nothing is around it. */
export const Posture = z.strictObject({
  agent: AgentId,
  name: z.string(),
  /** null: it could not be read. */
  version: z.string().nullable(),
  sandbox: PostureFact,
  /** What that sandbox holds, and what is outside of it. */
  holds: PostureFact,
  /** What it reaches beyond the folder it works in. */
  outside: PostureFact,
  /** `all`: no program of it runs as you; `part`: some do; `none`: all do; `unknown`: its settings cannot be read. */
  held: z.enum(['all', 'part', 'none', 'unknown']),
})
export type Posture = z.infer<typeof Posture>
