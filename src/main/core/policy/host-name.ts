import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { err, ok, type Result } from '../../../shared/result.ts'

/** Longest raw text looked at. A canonical name has at most 253 characters. */
const MAX_RAW_LENGTH = 1024
const MAX_NAME_LENGTH = 253
const MAX_LABEL_LENGTH = 63

/**
 * What a host may be spelled with before it is made canonical. Percent signs, control bytes, NUL,
 * slashes, backslashes and user names never get as far as the URL standard's forgiving rules.
 */
const SPELLING = /^[A-Za-z0-9._\-\u00a1-\u{10ffff}]+$/u
const LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/

/**
 * The one spelling of a host: a lower-case ASCII name without trailing dot, dotted IPv4, or
 * RFC 5952 IPv6 without brackets. Every other spelling of the same host (IDN, full-width digits,
 * octal, hexadecimal, decimal or short IPv4, IPv4-mapped or NAT64 IPv6) becomes that one, or is
 * refused with a reason. Rules, decisions, connections and the timeline only ever see the result.
 */
export function canonicalHost(text: string): Result<string, string> {
  if (text === '') return err('the host is empty')
  if (text.length > MAX_RAW_LENGTH) return err('the host is too long')
  if (text.startsWith('[') || text.includes(':')) return canonicalIpv6(text)
  if (!SPELLING.test(text)) return err('the host contains characters no host name has')
  const name = domainToASCII(text).replace(/\.$/, '')
  if (name === '') return err('the host is neither a name nor an address')
  if (isIPv4(name)) return ok(name)
  if (name.length > MAX_NAME_LENGTH) return err('the host name is too long')
  for (const label of name.split('.')) {
    if (label === '') return err('the host name has an empty part')
    if (label.length > MAX_LABEL_LENGTH) return err('a part of the host name is too long')
    if (!LABEL.test(label)) return err('the host name is not a valid name')
  }
  return ok(name)
}

function canonicalIpv6(text: string): Result<string, string> {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  if (bare.includes('%')) return err('addresses with a zone are not carried')
  if (!isIPv6(bare)) return err('the host is not a valid IPv6 address')
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1)
  return ok(embeddedIpv4(canonical) ?? canonical)
}

/** IPv4-mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96) addresses name an IPv4 host. */
function embeddedIpv4(canonical: string): string | null {
  const groups = ipv6Groups(canonical)
  const prefix = groups.slice(0, 6).join(':')
  if (prefix !== '0:0:0:0:0:65535' && prefix !== '100:65435:0:0:0:0') return null
  return groups
    .slice(6)
    .map((group) => `${group >> 8}.${group & 0xff}`)
    .join('.')
}

/** The eight 16-bit groups of a canonical IPv6 address. */
function ipv6Groups(canonical: string): number[] {
  const [head = '', tail = ''] = canonical.split('::')
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const [front, back] = [parse(head), parse(tail)]
  const gap = canonical.includes('::') ? 8 - front.length - back.length : 0
  return [...front, ...new Array<number>(gap).fill(0), ...back]
}
