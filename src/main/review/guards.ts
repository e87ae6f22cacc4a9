import { posix } from 'node:path'
import type { ReviewGuard } from '../../shared/domain/review.ts'
import { OBEYED } from '../core/obeyed-names.ts'

const OBEYED_NAMES: ReadonlySet<string> = new Set(OBEYED.map((name) => name.toLowerCase()))

/** What git keeps in a repository's own folder and never obeys. Anything else there is guarded. */
const KEPT_BY_GIT: ReadonlySet<string> = new Set([
  ...['objects', 'refs', 'logs', 'index', 'head', 'orig_head', 'fetch_head', 'merge_head'],
  ...['commit_editmsg', 'packed-refs', 'description', 'info/exclude'],
])

/**
 * Whether programs outside obey what lies at a path: at any depth, for a folder below is opened by
 * itself some day, and in any case, for some file systems know none. Pure.
 */
export function isObeyed(path: string): boolean {
  const parts = path.toLowerCase().split('/')
  const git = parts.indexOf('.git')
  if (git !== -1) {
    const rest = parts.slice(git + 1)
    // Whatever looks like a repository in a repository's own folder may be one.
    if (rest.includes('.git') || rest.length === 0) return true
    return !KEPT_BY_GIT.has(rest[0] ?? '') && !KEPT_BY_GIT.has(rest.slice(0, 2).join('/'))
  }
  return parts.some((part) => OBEYED_NAMES.has(part) || part === '.gitmodules')
}

/** `target`: where the link leads; null: it is none. Pure. */
export function guardOf(path: string, target: string | null): ReviewGuard | null {
  if (isObeyed(path)) return 'obeyed'
  if (target === null) return null
  const reached = posix.join(posix.dirname(path), target)
  return posix.isAbsolute(target) || reached === '..' || reached.startsWith('../')
    ? 'leads-out'
    : null
}
