import { z } from 'zod'
import { BoundLevel } from './isolation.ts'
import { Limits } from './limits.ts'
import type { SessionSpec } from './session.ts'

/** What a person may change of a session by starting it again. Absent: stays as it was asked for. */
export const SpecChanges = z.strictObject({
  /** Behind another wall. */
  level: BoundLevel.optional(),
  /** What programs inside may do with the workspace as a whole. */
  workspace: z.enum(['read', 'write']).optional(),
  maskSecrets: z.boolean().optional(),
  useSignIn: z.boolean().optional(),
  limits: Limits.optional(),
})
export type SpecChanges = z.infer<typeof SpecChanges>

type WorkspaceAccess = NonNullable<SpecChanges['workspace']>

const isWholeWorkspace = (path: string, workspace: string): boolean => {
  const bare = path.replace(/(?<=.)\/+$/, '')
  return bare === '.' || bare === workspace
}

/** What the person's own rules say of the workspace as a whole. */
export const workspaceAccess = ({ files, workspace }: SessionSpec): WorkspaceAccess =>
  files.some(({ path, access }) => access !== 'write' && isWholeWorkspace(path, workspace))
    ? 'read'
    : 'write'

/** Pure. Rules about parts of the workspace stay. */
export function withChanges(spec: SessionSpec, changes: SpecChanges): SessionSpec {
  const { level, workspace } = changes
  const others = spec.files.filter(({ path }) => !isWholeWorkspace(path, spec.workspace))
  const whole = workspace === 'read' ? [{ path: '.', access: 'read' as const }] : []
  return {
    ...spec,
    maskSecrets: changes.maskSecrets ?? spec.maskSecrets,
    useSignIn: changes.useSignIn ?? spec.useSignIn,
    limits: changes.limits ?? spec.limits,
    // A typed word counted for one start; no wall is left by a change.
    ...(level === undefined ? {} : { level, acknowledgement: null }),
    ...(workspace === undefined ? {} : { files: [...others, ...whole] }),
  }
}
