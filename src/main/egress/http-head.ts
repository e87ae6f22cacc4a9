import type { IncomingMessage } from 'node:http'
import type { Destination } from '../../shared/domain/policy.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import {
  destinationText,
  type ProxyTarget,
  parseAbsoluteForm,
  parseAuthority,
} from './destination.ts'

/** Speak about one connection only, so they end at the gateway. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Values of every header of that name; Node's own `headers` hides duplicates. */
function valuesOf(raw: readonly string[], name: string): string[] {
  return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name)
}

/** What a request on a connection to one host asks for, or why it is not carried. */
export function readOriginRequest(
  request: IncomingMessage,
  destination: Destination,
  maxHeaders: number,
): Result<string, string> {
  const path = request.url ?? ''
  const isPath = path.startsWith('/') || (path === '*' && request.method === 'OPTIONS')
  if (!isPath || !/^[\x21-\x7e]*$/.test(path)) return err('it names no path')
  const refusal = oddFraming(request.rawHeaders, maxHeaders)
  if (refusal !== null) return err(refusal)
  const other = otherHost(request.rawHeaders, destination)
  return other === null ? ok(path) : err(other)
}

/** The host its one Host header names; null: none, or nothing that is a host. */
export function hostNamed(
  request: IncomingMessage,
  { port, protocol }: Destination,
): string | null {
  const [host] = valuesOf(request.rawHeaders, 'host')
  const named = host === undefined ? null : parseAuthority(host, port, protocol)
  return named?.ok ? named.value.host : null
}

/** Where a plain request wants to go, or why it is not carried. */
export function readRequest(
  request: IncomingMessage,
  maxHeaders: number,
): Result<ProxyTarget, string> {
  const target = parseAbsoluteForm(request.url ?? '')
  if (!target.ok) return target
  const refusal =
    oddFraming(request.rawHeaders, maxHeaders) ??
    otherHost(request.rawHeaders, target.value.destination)
  return refusal === null ? target : err(refusal)
}

/** Where a CONNECT wants to go, or why it is not carried. */
export function readConnect(
  request: IncomingMessage,
  maxHeaders: number,
): Result<Destination, string> {
  const destination = parseAuthority(request.url ?? '', null, 'connect')
  if (!destination.ok) return destination
  const refusal =
    oddFraming(request.rawHeaders, maxHeaders) ??
    (namesGateway(request) ? null : otherHost(request.rawHeaders, destination.value))
  return refusal === null ? destination : err(refusal)
}

/** A Host header must name the same place as the request line; its port may be left out. */
function otherHost(raw: readonly string[], destination: Destination): string | null {
  const hosts = valuesOf(raw, 'host')
  if (hosts.length > 1) return 'it has several Host headers'
  const [host] = hosts
  if (host === undefined) return null
  const named = parseAuthority(host, destination.port, destination.protocol)
  if (named.ok && destinationText(named.value) === destinationText(destination)) return null
  return 'its Host header names another host than its request line'
}

/** Simple clients, Node's own among them, put the proxy they talk to in a CONNECT's Host. */
function namesGateway({ rawHeaders, socket }: IncomingMessage): boolean {
  const hosts = valuesOf(rawHeaders, 'host')
  const names = ['localhost', socket.localAddress].map((name) => `${name}:${socket.localPort}`)
  return hosts.length === 1 && names.includes(hosts[0] ?? '')
}

/** Two readings of where a message ends are how one request hides inside another. */
function oddFraming(raw: readonly string[], maxHeaders: number): string | null {
  if (raw.length / 2 > maxHeaders) return 'it has too many headers'
  const lengths = valuesOf(raw, 'content-length')
  const encodings = valuesOf(raw, 'transfer-encoding')
  if (lengths.length > 1) return 'it has several Content-Length headers'
  if (lengths.length > 0 && encodings.length > 0)
    return 'it has both Content-Length and Transfer-Encoding'
  if (encodings.length > 1 || encodings.some((value) => value.toLowerCase() !== 'chunked'))
    return 'its Transfer-Encoding is not just chunked'
  return null
}

export const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined ||
  Number(request.headers['content-length'] ?? 0) > 0

/** Headers that may pass: all but the hop-by-hop ones and those the message itself calls so. */
export function endToEnd(raw: readonly string[], extra: readonly string[] = []): string[] {
  const drop = new Set([...HOP_BY_HOP, ...extra])
  for (const value of valuesOf(raw, 'connection'))
    for (const name of value.split(',')) drop.add(name.trim().toLowerCase())
  const kept: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = [raw[i], raw[i + 1]]
    if (!drop.has(name.toLowerCase())) kept.push(name, value)
  }
  return kept
}

/** Value of a Host header; the scheme's own port is left out. */
export function authorityText(destination: Pick<Destination, 'host' | 'port'>, ownPort: 80 | 443) {
  const text = destinationText(destination)
  return destination.port === ownPort ? text.slice(0, text.lastIndexOf(':')) : text
}

/** The head the upstream gets: our own framing, and the canonical host in place of the client's. */
export function upstreamHeaders(
  request: IncomingMessage,
  kept: readonly string[],
  authority: string,
): string[] {
  const headers = ['Host', authority]
  headers.push(...endToEnd(kept, ['host', 'expect']))
  const isFramed = request.headers['content-length'] !== undefined
  if (request.headers['transfer-encoding'] !== undefined)
    headers.push('Transfer-Encoding', 'chunked')
  else if (!isFramed && MAY_CARRY_BODY.has(request.method ?? ''))
    headers.push('Content-Length', '0')
  return headers
}

/** Without a length these would be sent as an empty chunked body, which some servers refuse. */
const MAY_CARRY_BODY = new Set(['POST', 'PUT', 'PATCH'])
