import { realpath } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import type { StartFailure } from '../../shared/domain/session.ts'
import { err, type Result } from '../../shared/result.ts'
import type { PlanInput } from '../core/isolation/plan.ts'

/** Why such a session does not start; null: it could write none of them. */
export async function refuseWritable(
  plan: Pick<PlanInput, 'workspace' | 'copy' | 'mounts'>,
  helpers: readonly string[],
): Promise<Result<never, StartFailure> | null> {
  const own = await writableHelper(plan, helpers)
  if (own === null) return null
  return err({
    type: 'boundary_failed',
    part: 'Cloche’s own program',
    detail: `${own} could be changed inside, and it runs outside`,
    remedy: 'Choose another workspace, or start Cloche from another copy of itself.',
  })
}

/**
 * The first of our own programs that a session of this plan could write; null when there is none.
 * They run outside every sandbox, so who could change one would be outside at the next start: it
 * happens where Cloche is started from a checkout that is itself the workspace.
 */
export async function writableHelper(
  { workspace, copy, mounts }: Pick<PlanInput, 'workspace' | 'copy' | 'mounts'>,
  helpers: readonly string[],
): Promise<string | null> {
  const given = mounts.filter(({ access }) => access === 'write').map(({ source }) => source)
  const real = await Promise.all(helpers.map((helper) => realpath(helper).catch(() => helper)))
  const isGiven = (path: string): boolean =>
    [copy ?? workspace, ...given].some((folder) => isWithin(path, folder))
  return helpers.find((_, index) => isGiven(real[index]!)) ?? null
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return !isAbsolute(way) && way.split('/')[0] !== '..'
}
