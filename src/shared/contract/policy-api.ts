import { z } from 'zod'
import { PolicyFile, PolicyHash, PolicyProblem, WorkspacePolicy } from '../domain/policy-file.ts'
import { Profile, ProfileName } from '../domain/profile.ts'
import { command, query } from './define.ts'

/** Policies that folders keep. */
export const policyApi = {
  /** Those that come with Cloche, then the person's own. */
  profiles: query({ input: z.null(), output: z.array(Profile) }),
  /** One of the same name is replaced. */
  saveProfile: command({
    input: z.strictObject({ name: ProfileName, policy: PolicyFile }),
    output: z.null(),
    error: z.strictObject({ type: z.literal('unwritable'), detail: z.string() }),
  }),
  /** The policy that a folder keeps; null: it has none. */
  look: query({
    input: z.strictObject({ workspace: z.string().max(4096) }),
    output: WorkspacePolicy.nullable(),
  }),
  /** A person read this very text: it may widen sessions of this folder too. */
  trust: command({
    input: z.strictObject({ workspace: z.string().max(4096), hash: PolicyHash }),
    output: z.null(),
    error: z.strictObject({ type: z.literal('changed') }),
  }),
  /** A person wrote it: it is trusted. `replaces`: hash of what was there; null: nothing. */
  save: command({
    input: z.strictObject({
      workspace: z.string().max(4096),
      text: z.string().max(262_144),
      replaces: PolicyHash.nullable(),
    }),
    output: z.null(),
    error: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('changed') }),
      z.strictObject({ type: z.literal('wrong'), ...PolicyProblem.shape }),
      z.strictObject({ type: z.literal('unwritable'), detail: z.string() }),
    ]),
  }),
  forget: command({
    input: z.strictObject({ workspace: z.string().max(4096) }),
    output: z.null(),
    error: z.never(),
  }),
} as const
