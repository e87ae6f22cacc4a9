import { isIP } from 'node:net'
import type { Destination, HostPattern, Rule } from '../../../shared/domain/policy.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import { canonicalHost } from './host-name.ts'

/**
 * Second-level labels under which countries sell names to the public: `*.co.uk` is as wide as
 * `*.uk`. A short list by design, not the public suffix list: it keeps the common mistakes out,
 * and a wildcard is always shown in full before it is saved.
 */
const SHARED_SECOND_LEVEL = new Set(
  'ac co com edu go gob gov gub id ltd ne net nom or org plc sch web'.split(' '),
)

/** A wildcard must name at least two labels, and not merely a country's shared second level. */
export function isOverBroad(pattern: string): boolean {
  if (!pattern.startsWith('*')) return false
  const labels = pattern.replace(/^\*\.?/, '').split('.')
  const [second = '', top = ''] = labels.slice(-2)
  if (labels.length < 2) return true
  return labels.length === 2 && top.length === 2 && SHARED_SECOND_LEVEL.has(second)
}

/** The canonical form of a pattern a person typed, or why it cannot be one. */
export function parseHostPattern(text: string): Result<HostPattern, string> {
  const isWildcard = text.startsWith('*.')
  const host = canonicalHost(isWildcard ? text.slice(2) : text)
  if (!host.ok) return host
  if (!isWildcard) return ok(host.value)
  if (isIP(host.value) !== 0) return err('an address cannot have a wildcard')
  const pattern = `*.${host.value}`
  return isOverBroad(pattern) ? err('the wildcard covers far too much') : ok(pattern)
}

/**
 * `*.example.org` covers every name below `example.org` and not `example.org` itself; anything
 * else covers exactly that host. `host` is canonical; the pattern may be any spelling, so that a
 * deny rule written by hand cannot miss.
 */
export function coversHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host || sameHost(pattern, host)
  if (isIP(host) !== 0) return false
  const base = canonicalHost(pattern.slice(2))
  return base.ok && host.endsWith(`.${base.value}`)
}

function sameHost(pattern: string, host: string): boolean {
  const canonical = canonicalHost(pattern)
  return canonical.ok && canonical.value === host
}

/** An over-broad wildcard still denies, but never allows. */
export function ruleCovers(rule: Rule, destination: Destination): boolean {
  if (rule.action === 'allow' && isOverBroad(rule.host)) return false
  if (rule.port !== null && rule.port !== destination.port) return false
  return coversHost(rule.host, destination.host)
}
