import { z } from 'zod'
import { IsolationLevel } from './isolation.ts'

/** `missing` is not `blocked`: bubblewrap can be present while user namespaces are refused. */
export const DiagnosisStatus = z.enum(['usable', 'missing', 'blocked', 'unsupported'])
export type DiagnosisStatus = z.infer<typeof DiagnosisStatus>

export const Remedy = z.strictObject({
  say: z.string(),
  /** Text to copy. Never executed for the user from the app. */
  command: z.string().nullable(),
})
export type Remedy = z.infer<typeof Remedy>

export const Diagnosis = z.strictObject({
  id: z.string(),
  title: z.string(),
  /** The isolation level this enables; null for parts that are not a backend. */
  level: IsolationLevel.nullable(),
  status: DiagnosisStatus,
  /** One sentence a person can act on. */
  summary: z.string(),
  facts: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  remedies: z.array(Remedy),
})
export type Diagnosis = z.infer<typeof Diagnosis>
