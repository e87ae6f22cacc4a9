import { z } from 'zod'
import { PolicyFile, PolicyProblem } from './policy-file.ts'

export const ProfileName = z
  .string()
  .max(64)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} _.-]*$/u)

/** What a new session can begin as: a policy in a person's own words, or one that comes with Cloche. */
export const Profile = z.strictObject({
  name: z.string(),
  origin: z.enum(['built-in', 'yours']),
  /** null: it cannot be used. */
  policy: PolicyFile.nullable(),
  problem: PolicyProblem.nullable(),
  /** A file to read and change; null: it comes with Cloche. */
  path: z.string().nullable(),
})
export type Profile = z.infer<typeof Profile>
