import { z } from 'zod'
import { FileRule } from './files.ts'
import { ImageName } from './image-name.ts'
import { BoundLevel } from './isolation.ts'
import { Limits } from './limits.ts'
import { HostPattern } from './policy.ts'
import { VariableName } from './variables.ts'

/** Where a workspace keeps its own, relative to it. */
export const WORKSPACE_POLICY = '.cloche/policy.jsonc'

/** A policy as a file: what a session is held to, or a profile is made of. Every key may be absent. */
export const PolicyFile = z
  .strictObject({
    $schema: z.string().optional().describe('For editors.'),
    name: z.string().min(1).max(80).optional().describe('What people call it.'),
    level: BoundLevel.optional().describe('The weakest wall that is strong enough.'),
    network: z
      .enum(['closed', 'listed', 'ask'])
      .optional()
      .describe('What becomes of connections that no rule covers; closed: of all of them.'),
    allow: z.array(HostPattern).max(256).optional().describe('Hosts that are reached unasked.'),
    deny: z.array(HostPattern).max(256).optional().describe('Hosts that are never reached.'),
    files: z
      .array(FileRule)
      .max(256)
      .optional()
      .describe('What may be done with paths, on top of the boundary’s own protections.'),
    maskSecrets: z.boolean().optional().describe('Secrets in the workspace look empty inside.'),
    inspectTls: z.boolean().optional().describe('Rules may look into TLS.'),
    variables: z
      .array(VariableName)
      .max(64)
      .optional()
      .describe('Variables of this machine that are let in, as secrets.'),
    limits: Limits.partial().optional().describe('At most so much of the machine; null: no limit.'),
    image: ImageName.optional().describe('Whose programs a container or a virtual machine has.'),
  })
  .describe('A policy of Cloche, for a workspace (.cloche/policy.jsonc) or as a profile.')
export type PolicyFile = z.infer<typeof PolicyFile>

/** Where it is wrong. */
export const PolicyProblem = z.strictObject({
  line: z.number().int().nullable(),
  key: z.string().nullable(),
  reason: z.string(),
})
export type PolicyProblem = z.infer<typeof PolicyProblem>

/** "line 3, networks, there is no such key" */
export const wordsOfProblem = ({ line, key, reason }: PolicyProblem): string =>
  [...(line === null ? [] : [`line ${line}`]), ...(key === null ? [] : [key]), reason].join(', ')

export const PolicyHash = z.string().regex(/^[0-9a-f]{64}$/)

/** The policy of a workspace as it is now. */
export const WorkspacePolicy = z.strictObject({
  text: z.string(),
  hash: PolicyHash,
  /** null: it cannot be used, and sessions there do not start. */
  policy: PolicyFile.nullable(),
  problem: PolicyProblem.nullable(),
  /** A person read exactly this text and lets it widen sessions too. */
  isTrusted: z.boolean(),
  /** What was trusted last, to show what is different; null: nothing was. */
  trustedText: z.string().nullable(),
})
export type WorkspacePolicy = z.infer<typeof WorkspacePolicy>

/** What a policy did to one session. */
export const AppliedPolicy = z.strictObject({
  hash: PolicyHash,
  isTrusted: z.boolean(),
  /** In words: "Level: container". */
  applied: z.array(z.string()),
  /** It would have widened the session, and is not trusted. */
  held: z.array(z.string()),
})
export type AppliedPolicy = z.infer<typeof AppliedPolicy>
