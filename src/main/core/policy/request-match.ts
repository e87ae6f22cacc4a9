import type { RequestLine, RequestPattern } from '../../../shared/domain/policy.ts'

/**
 * A path as every server reads it; null: servers differ about it (`..`, an encoded slash, a
 * backslash), so that no rule that lets through may speak of it.
 */
export function canonicalPath(path: string): string | null {
  if (/%(2f|5c|00)|[\\\0]|\/\//i.test(path)) return null
  const decoded = path.replace(/%[0-9a-f]{2}/gi, (code) => {
    const letter = String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return UNRESERVED.test(letter) ? letter : code.toUpperCase()
  })
  return decoded.split('/').some((step) => /^\.\.?(;|$)/.test(step)) ? null : decoded
}
const UNRESERVED = /^[A-Za-z0-9._~-]$/

/** A path that servers differ about is covered by what denies or asks, and by nothing that allows. */
export function coversRequest(
  { methods, path }: RequestPattern,
  request: RequestLine,
  action: 'allow' | 'deny' | 'ask',
): boolean {
  if (methods && !methods.includes(request.method)) return false
  if (path === null) return true
  const canonical = canonicalPath(request.path)
  if (canonical === null) return action !== 'allow'
  return patternOf(path).test(canonical)
}

/** `**` is anything, `*` anything within one step. */
function patternOf(path: string): RegExp {
  const source = path
    .split(/(\*\*|\*)/)
    .map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : escape(part)))
    .join('')
  return new RegExp(`^${source}$`, 's')
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
