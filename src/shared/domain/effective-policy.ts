import { z } from 'zod'
import { Axis } from './isolation.ts'

/** One sentence of what the boundary lets through or holds back. */
export const PolicySentence = z.strictObject({
  axis: Axis,
  /** `can`: let through; `cannot`: held back. */
  kind: z.enum(['can', 'cannot']),
  /** Verb and object, without a subject: "write ~/project and everything below it". */
  text: z.string(),
  /** Where it comes from: "the boundary", "your rule", "the agent". */
  origin: z.enum(['boundary', 'agent', 'person']),
})
export type PolicySentence = z.infer<typeof PolicySentence>

/** The same Plan in words and as the exact command; secrets in it are blotted out. */
export const EffectivePolicy = z.strictObject({
  sentences: z.array(PolicySentence),
  /** Program and arguments as executed; empty where the level has no such command. */
  command: z.array(z.string()),
})
export type EffectivePolicy = z.infer<typeof EffectivePolicy>
