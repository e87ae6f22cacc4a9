import { isIP, type Socket } from 'node:net'
import { connect, createSecureContext, TLSSocket } from 'node:tls'
import type { Inspection } from '../../core/egress-port.ts'

/** HTTP/2 is not offered: every client that speaks it over TLS speaks this too. */
const PROTOCOLS = ['http/1.1']

/** Speaks for `host` to a program inside. The client's bytes so far must be unread in its socket. */
export async function answerTls(
  client: Socket,
  host: string,
  inspection: Inspection,
): Promise<TLSSocket> {
  const secureContext = createSecureContext(await inspection.leafFor(host))
  return new TLSSocket(client, { isServer: true, secureContext, ALPNProtocols: PROTOCOLS })
}

/** Speaks to the host itself and believes only what the machine's own programs would. */
export function connectTls(upstream: Socket, host: string, trusted: string): TLSSocket {
  return connect({
    socket: upstream,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ca: trusted,
    ALPNProtocols: PROTOCOLS,
  })
}

/** Why TLS with a host failed, in words; null: it was something else. */
export function wordsOfTls(cause: unknown): string | null {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (WANTS_CERTIFICATE.test(code))
    return 'the host asks for a certificate of the client; exempt it from being looked into'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'its certificate is for another host'
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate is out of date'
  if (UNTRUSTED.has(code)) return 'this machine does not trust its certificate'
  return code.startsWith('ERR_SSL_') || code === 'EPROTO' ? 'its TLS could not be understood' : null
}

const WANTS_CERTIFICATE = /ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE)$/
const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** A client that ends the handshake over our certificate does not take it for the host's. */
export const NOT_ACCEPTED =
  'the program did not accept the certificate of this session; if it knows the host’s own, exempt the host from being looked into'
