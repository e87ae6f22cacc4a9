import { z } from 'zod'

/**
 * What a program inside may do with a path. `mask`: it is there and looks empty; `deny`: it cannot
 * be opened. Both win over `read` and `write`, whichever comes first.
 */
export const FileAccess = z.enum(['read', 'write', 'mask', 'deny'])
export type FileAccess = z.infer<typeof FileAccess>

export const FileRule = z.strictObject({
  /**
   * Absolute, `~/…`, or relative to the workspace. `*`, `?`, `[…]` and `**` match names that exist
   * when the session starts.
   */
  path: z.string().min(1).max(4096),
  access: FileAccess,
})
export type FileRule = z.infer<typeof FileRule>
