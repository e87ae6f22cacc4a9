import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Runs a tool of the system to its end. */
export type RunTool = (
  tool: string,
  args: readonly string[],
  options: { readonly timeoutMs: number },
) => Promise<{ readonly code: number | null }>

const REMOVE_MS = 10 * 60_000

/**
 * Removes a review. Programs inside may have made its copy deeper than a path may be long, and closed
 * folders to their own user: the system's own tools go where a path does not.
 */
export async function removeTree(folder: string, run: RunTool): Promise<void> {
  // Without it the rest is no review any more, whatever happens next.
  await rm(join(folder, 'review.json'), { force: true })
  const gone = await run('rm', ['-rf', '--', folder], { timeoutMs: REMOVE_MS })
  if (gone.code === 0) return
  await run('chmod', ['-R', 'u+rwX', '--', folder], { timeoutMs: REMOVE_MS })
  const again = await run('rm', ['-rf', '--', folder], { timeoutMs: REMOVE_MS })
  if (again.code !== 0) throw new Error(`the copy at ${folder} is not wholly removed`)
}
