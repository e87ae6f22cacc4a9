import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import picomatch from 'picomatch'
import type { FileRule } from '../../shared/domain/files.ts'
import type { StartFailure } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { PlannedFileRule } from '../core/isolation/plan.ts'
import { isWithin } from '../core/within.ts'

/** Below these a session could write what the machine itself runs or is. */
export const SYSTEM_TREES = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib64',
  '/proc',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
]

/** Parts of the machine that are not let in even for reading: they speak for all of it. */
const CLOSED_TREES = ['/boot', '/dev', '/etc', '/proc', '/run', '/sys']

export interface RuleSurroundings {
  /** Canonical. */
  readonly workspace: string
  readonly home: string
  /** Cloche's own data: never inside, whatever a rule says. */
  readonly dataDir: string
}

/** Makes a person's rules absolute, and refuses those that would open the boundary. */
export async function planFileRules(
  rules: readonly FileRule[],
  around: RuleSurroundings,
): Promise<Result<PlannedFileRule[], StartFailure>> {
  const planned: PlannedFileRule[] = []
  for (const rule of rules) {
    const result = await planOne(rule, around)
    if (!result.ok) return err({ type: 'file_rule_refused', path: rule.path, reason: result.error })
    planned.push(result.value)
  }
  return ok(planned)
}

async function planOne(
  { path, access }: FileRule,
  around: RuleSurroundings,
): Promise<Result<PlannedFileRule, string>> {
  if (path.includes('\0')) return err('A path holds no zero byte.')
  if (path.split('/').includes('..')) return err('Write the path without "..".')
  const { base, glob, isGlob } = picomatch.scan(path)
  if (isGlob) {
    const folder = absolute(base, around)
    if (!isWithin(folder, around.workspace))
      return err('Patterns work below the workspace only. Name the folder itself.')
    const pattern = join(folder, glob)
    return ok({ path: pattern, asked: pattern, isPattern: true, access })
  }
  const asked = absolute(path, around).replace(/(?<=.)\/+$/, '')
  const found = await canonical(asked)
  if (isWithin(found.path, around.workspace)) {
    if (found.path === around.workspace && access !== 'read' && access !== 'write')
      return err('The workspace itself cannot be hidden. Choose another workspace.')
    return ok({ path: found.path, asked, isPattern: false, access })
  }
  if (!found.exists) return err('There is no such file or folder outside the workspace.')
  const reason = await whyRefused(found.path, access, around)
  return reason ? err(reason) : ok({ path: found.path, asked, isPattern: false, access })
}

function absolute(path: string, { workspace, home }: RuleSurroundings): string {
  if (path.startsWith('/')) return join(path)
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(2))
  return join(workspace, path)
}

/** With every link followed; the last part need not exist. */
async function canonical(path: string): Promise<{ path: string; exists: boolean }> {
  const whole = await realpath(path).catch(() => null)
  if (whole !== null) return { path: whole, exists: true }
  const parent = await realpath(dirname(path)).catch(() => dirname(path))
  return { path: join(parent, basename(path)), exists: false }
}

async function whyRefused(
  path: string,
  access: FileRule['access'],
  { home, dataDir, workspace }: RuleSurroundings,
): Promise<string | null> {
  const info = await stat(path)
  if (!info.isFile() && !info.isDirectory())
    return 'It is neither a file nor a folder: a socket or device would be a way out.'
  if (access === 'mask' || access === 'deny') return null
  if (isWithin(await realpath(home).catch(() => home), path))
    return 'It holds your whole home folder. Name the folders that are needed.'
  if (isWithin(workspace, path)) return 'It holds the workspace. Choose a larger workspace instead.'
  const own = await realpath(dataDir).catch(() => dataDir)
  if (isWithin(path, own) || isWithin(own, path))
    return 'It holds the recordings and rules of Cloche itself.'
  const trees = access === 'write' ? SYSTEM_TREES : CLOSED_TREES
  return trees.some((tree) => isWithin(path, tree))
    ? 'It is part of the system itself, which stays as the boundary has it.'
    : null
}
