import type { Destination } from '../../shared/domain/policy.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { canonicalHost } from '../core/policy/host-name.ts'

type Protocol = Destination['protocol']

/** `host`, `host:port` or `[ipv6]:port`; nothing else, and never a user name. */
const AUTHORITY = /^(\[[^[\]]*\]|[^:[\]@]*)(?::([^:]*))?$/
const PORT = /^[1-9][0-9]{0,4}$/

export function toDestination(
  host: string,
  port: number,
  protocol: Protocol,
): Result<Destination, string> {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return err('the port is out of range')
  const canonical = canonicalHost(host)
  return canonical.ok ? ok({ host: canonical.value, port, protocol }) : canonical
}

/** `defaultPort` null: the text must name a port. */
export function parseAuthority(
  text: string,
  defaultPort: number | null,
  protocol: Protocol,
): Result<Destination, string> {
  if (text.includes('@')) return err('user names in an address are not carried')
  const match = AUTHORITY.exec(text)
  if (!match) return err('the address is not a host with a port')
  const [, host = '', portText] = match
  if (portText !== undefined && !PORT.test(portText)) return err('the port is not a number')
  const port = portText === undefined ? defaultPort : Number(portText)
  if (port === null) return err('the address names no port')
  return toDestination(host, port, protocol)
}

export interface ProxyTarget {
  readonly destination: Destination
  /** What follows the authority: path and query, at least `/`. */
  readonly path: string
}

/** Absolute form of a plain HTTP request (`http://host[:port]/path`). */
export function parseAbsoluteForm(url: string): Result<ProxyTarget, string> {
  const match = /^http:\/\/([^/?#]*)([^#]*)/i.exec(url)
  if (!match) {
    return err(
      /^[a-z][a-z0-9+.-]*:/i.test(url)
        ? 'only http:// is carried this way; everything else goes through CONNECT or SOCKS5'
        : 'this is a proxy: the request must name a whole address',
    )
  }
  const [, authority = '', rest = ''] = match
  if (!/^[\x21-\x7e]*$/.test(rest)) return err('the path contains characters no path has')
  const destination = parseAuthority(authority, 80, 'http')
  if (!destination.ok) return destination
  return ok({
    destination: destination.value,
    path: rest.startsWith('/') ? rest : `/${rest}`,
  })
}

/** `host:port`, with brackets round an IPv6 address. */
export function destinationText({ host, port }: Pick<Destination, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
