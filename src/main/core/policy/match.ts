import { isIP } from 'node:net'
import { getDomain } from 'tldts'
import {
  type Destination,
  MACHINE_NAME,
  type HostPattern,
  type RequestLine,
  type RequestPattern,
  type Rule,
  type Scheme,
} from '../../../shared/domain/policy.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import { isRange, isWideRange, parseRange, rangeCovers } from './address-range.ts'
import { canonicalHost } from './host-name.ts'
import { coversRequest } from './request-match.ts'

/**
 * A wildcard that covers names of more than one owner (`*.org`, `*.co.uk`, `*.github.io`), or a range
 * of addresses nobody has in mind as a whole.
 */
export function isOverBroad(pattern: string): boolean {
  if (isRange(pattern)) return isWideRange(pattern)
  if (!pattern.startsWith('*')) return false
  return ownedDomain(pattern.replace(/^\*\.?/, '')) === null
}

/** The domain somebody owns that a name belongs to, by the public suffix list; null: none. */
const ownedDomain = (name: string): string | null =>
  getDomain(name, { allowPrivateDomains: true, validateHostname: false })

/** The widest pattern an answer about this host may have; null: there is none but the host. */
export function widerPattern(host: string): HostPattern | null {
  if (isIP(host) !== 0 || host === MACHINE_NAME) return null
  const domain = ownedDomain(host)
  return domain === null || domain === host ? null : `*.${domain}`
}

/** The canonical form of a pattern a person typed, or why it cannot be one. */
export function parseHostPattern(text: string): Result<HostPattern, string> {
  if (isRange(text)) return parseRange(text)
  const isWildcard = text.startsWith('*.')
  const host = canonicalHost(isWildcard ? text.slice(2) : text)
  if (!host.ok) return host
  if (!isWildcard) return ok(host.value)
  if (isIP(host.value) !== 0) return err('an address cannot have a wildcard')
  return ok(`*.${host.value}`)
}

/** The same for a rule that lets through; a rule that denies or asks may be as wide as it likes. */
export function parseAllowPattern(text: string): Result<HostPattern, string> {
  const pattern = parseHostPattern(text)
  if (!pattern.ok || !isOverBroad(pattern.value)) return pattern
  return err(
    isRange(pattern.value)
      ? 'a range that is allowed has at least /8'
      : 'the wildcard covers names of more than one owner',
  )
}

/**
 * `*.example.org` covers every name below `example.org` and not `example.org` itself; anything
 * else covers exactly that host. `host` is canonical; the pattern may be any spelling, so that a
 * deny rule written by hand cannot miss.
 */
export function coversHost(pattern: string, host: string): boolean {
  if (isRange(pattern)) return rangeCovers(pattern, host)
  if (!pattern.startsWith('*.')) return pattern === host || sameHost(pattern, host)
  if (isIP(host) !== 0) return false
  const base = canonicalHost(pattern.slice(2))
  return base.ok && host.endsWith(`.${base.value}`)
}

function sameHost(pattern: string, host: string): boolean {
  const canonical = canonicalHost(pattern)
  return canonical.ok && canonical.value === host
}

/** What is known of a connection beyond its destination; what a tunnel carries shows later. */
export interface KnownTraffic {
  /** Absent: not yet. */
  readonly carries?: Scheme | 'other' | undefined
  /** The one request that is asked about; absent: the connection as a whole. */
  readonly request?: RequestLine
  /** Single requests can be read also where TLS carries them. */
  readonly looksInside?: boolean
}

/**
 * An over-broad wildcard still denies, but never allows. What is not known yet is no reason to
 * deny, and none to ask: it is decided again once it shows.
 */
export function ruleCovers(
  rule: Rule,
  destination: Destination,
  known: KnownTraffic = {},
): boolean {
  if (rule.action === 'allow' && !mayAllow(rule, destination)) return false
  if (rule.port !== null && rule.port !== destination.port) return false
  const carries = destination.protocol === 'http' ? 'http' : known.carries
  if (rule.scheme && (carries ? carries !== rule.scheme : rule.action !== 'allow')) return false
  if (rule.request && !coversRequests(rule.request, rule.action, { ...known, carries }))
    return false
  return coversHost(rule.host, destination.host)
}

/** A service of this machine is allowed by its name and port, and by nothing wider. */
const mayAllow = (rule: Rule, { host }: Destination): boolean =>
  host === MACHINE_NAME ? rule.host === MACHINE_NAME && rule.port !== null : !isOverBroad(rule.host)

function coversRequests(
  pattern: RequestPattern,
  action: Rule['action'],
  { carries, request, looksInside }: KnownTraffic,
): boolean {
  if (request) return coversRequest(pattern, request, action)
  const isHidden = carries === 'https' && !looksInside
  // What cannot be told apart is denied or asked about as a whole, and none of it is allowed.
  return action === 'allow' ? !isHidden && carries !== 'other' : isHidden
}
