import type { FileAccess } from '../../shared/domain/files.ts'
import { plural } from './format.ts'

export const MOST_RULES = 256
const LONGEST_PATH = 4096

export const ACCESS_NAMES: Readonly<Record<FileAccess, string>> = {
  read: 'Read',
  write: 'Read and write',
  mask: 'Looks empty',
  deny: 'Closed',
}

export const PATH_HELP =
  'A path is relative to the folder, or starts with / or ~/. * and ? match within a name, ** any number of folders; what matches is settled when the session starts. Looks empty and Closed win over the others.'

interface Places {
  readonly workspace: string
  readonly home: string | null
}

/** Why each path cannot be used, as the sentence at its field; null: it can. */
export function problemsOfPaths(
  paths: readonly string[],
  places: Places,
): readonly (string | null)[] {
  const rules = new Map<string, number>()
  return paths.map((path, index) => {
    const problem = problemOf(path)
    if (problem) return problem
    const place = samePlace(path, places)
    const twin = rules.get(place)
    if (twin !== undefined)
      return `Rule ${twin + 1} is for the same path. Change or remove one of them.`
    rules.set(place, index)
    return null
  })
}

function problemOf(path: string): string | null {
  if (path.trim() === '') return 'Type a path, or remove this rule.'
  if (path.includes('\0')) return 'A path cannot hold a NUL character. Type it without.'
  if (path.length > LONGEST_PATH)
    return `A path has at most ${LONGEST_PATH.toLocaleString('en')} characters.`
  return climbsOut(path)
    ? 'A relative path cannot leave the folder with “..”. Start it with / or ~/ instead.'
    : null
}

/** `src/../..` climbs as well as `..` itself. */
function climbsOut(path: string): boolean {
  if (path.startsWith('/') || path === '~' || path.startsWith('~/')) return false
  let depth = 0
  for (const part of path.split('/')) {
    if (part === '..') depth--
    else if (part !== '' && part !== '.') depth++
    if (depth < 0) return true
  }
  return false
}

/** One spelling for one place. For telling doubles only: the host decides what a path is. */
function samePlace(path: string, { workspace, home }: Places): string {
  const isHome = path === '~' || path.startsWith('~/')
  const whole = path.startsWith('/')
    ? path
    : isHome && home
      ? home + path.slice(1)
      : `${workspace}/${path}`
  const parts: string[] = []
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** `Built-in rules, 2 rules of yours`. */
export function sumUpFiles(rules: number, maskSecrets: boolean, review: boolean): string {
  return [
    'Built-in rules',
    ...(rules > 0 ? [`${plural(rules, 'rule')} of yours`] : []),
    ...(maskSecrets ? ['secrets hidden'] : []),
    ...(review ? ['on a copy'] : []),
  ].join(', ')
}
