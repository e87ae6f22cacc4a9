import { z } from 'zod'
import { ProcessKey } from './process.ts'

/** SHA-256 in hex of a content that a recording keeps; names it within that recording. */
export const ContentHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand<'ContentHash'>()
export type ContentHash = z.infer<typeof ContentHash>

/** What a file was at one moment. */
export const FileContent = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('absent') }),
  z.strictObject({
    kind: z.literal('file'),
    bytes: z.number().int(),
    /** null: too large, of a package or a repository's own, or it went before it was read. */
    hash: ContentHash.nullable(),
  }),
  /** A link, a device, a file nobody may read, or nobody looked in time. */
  z.strictObject({ kind: z.literal('unknown') }),
])
export type FileContent = z.infer<typeof FileContent>

/** One change of a file or folder of the workspace. Paths are relative to it, with slashes. */
export const FileChange = z.strictObject({
  change: z.enum(['created', 'written', 'deleted', 'renamed']),
  path: z.string(),
  /** Where it was, when it was renamed. */
  from: z.string().nullable(),
  isFolder: z.boolean(),
  /** Who did it, proven by its own call; null: not known, or somebody outside of the session. */
  writer: ProcessKey.nullable(),
  before: FileContent,
  after: FileContent,
})
export type FileChange = z.infer<typeof FileChange>

/** A file that a session opened or looked for; told once for each path, and only where it is to be learned. */
export const FileNeed = z.strictObject({
  /**
   * `read`: a file of the workspace, relative to it. `absent`: an absolute path of this machine that was
   * looked for inside, where it is not.
   */
  outcome: z.enum(['read', 'absent']),
  path: z.string(),
  isFolder: z.boolean(),
  /** Files of that name usually hold keys, tokens or sign-ins. */
  isSecret: z.boolean(),
  /** The first that did; null: it was gone before it was named. */
  reader: ProcessKey.nullable(),
})
export type FileNeed = z.infer<typeof FileNeed>

/** How changes are known. `calls`: with who made them; `folder`: only that they were made. */
export const FileWatching = z.strictObject({
  source: z.enum(['calls', 'folder', 'none']),
  /** What is missing and why, as a sentence; null: nothing. */
  reason: z.string().nullable(),
})
export type FileWatching = z.infer<typeof FileWatching>
