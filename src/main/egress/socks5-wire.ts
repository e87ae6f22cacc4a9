import type { Destination } from '../../shared/domain/policy.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { toDestination } from './destination.ts'

/** SOCKS5, RFC 1928. Pure: bytes in, meaning out. */
export const SOCKS_VERSION = 0x05
const NO_AUTHENTICATION = 0x00
const CONNECT = 0x01
/** A domain of 255 bytes is the longest request. */
export const LONGEST_REQUEST = 4 + 1 + 255 + 2

export const METHOD_CHOSEN = Buffer.from([SOCKS_VERSION, NO_AUTHENTICATION])
export const NO_METHOD = Buffer.from([SOCKS_VERSION, 0xff])

export type SocksReply =
  | 'succeeded'
  | 'general'
  | 'not-allowed'
  | 'network-unreachable'
  | 'host-unreachable'
  | 'refused'
  | 'ttl'
  | 'command'
  | 'address-type'

const REPLY_CODES: Readonly<Record<SocksReply, number>> = {
  succeeded: 0x00,
  general: 0x01,
  'not-allowed': 0x02,
  'network-unreachable': 0x03,
  'host-unreachable': 0x04,
  refused: 0x05,
  ttl: 0x06,
  command: 0x07,
  'address-type': 0x08,
}

/** The bound address stays 0.0.0.0:0: what the gateway dials from is not the sandbox's business. */
export const socksReply = (reply: SocksReply): Buffer =>
  Buffer.from([SOCKS_VERSION, REPLY_CODES[reply], 0x00, 0x01, 0, 0, 0, 0, 0, 0])

/** `more`: not all of it is there yet. */
export type Parsed<T> = 'more' | { readonly length: number; readonly value: T }

/** Whether the client offers to go without authentication; null when it is no SOCKS5 greeting. */
export function parseGreeting(bytes: Buffer): Parsed<boolean | null> {
  const [version, count] = bytes
  if (version === undefined) return 'more'
  if (version !== SOCKS_VERSION) return { length: 1, value: null }
  if (count === undefined || bytes.length < 2 + count) return 'more'
  const methods = bytes.subarray(2, 2 + count)
  return { length: 2 + count, value: methods.includes(NO_AUTHENTICATION) }
}

export interface SocksRefusal {
  readonly reply: SocksReply
  readonly reason: string
}

export function parseSocksRequest(bytes: Buffer): Parsed<Result<Destination, SocksRefusal>> {
  const [version, command, , type, first] = bytes
  if (version === undefined || command === undefined || type === undefined) return 'more'
  const refuse = (reply: SocksReply, reason: string) => ({
    length: bytes.length,
    value: err({ reply, reason }),
  })
  if (version !== SOCKS_VERSION) return refuse('general', 'the SOCKS request is damaged')
  if (command !== CONNECT)
    return refuse('command', 'SOCKS5 carries CONNECT only, neither BIND nor UDP')

  if (type === 0x03 && first === undefined) return 'more'
  const [start, size] =
    type === 0x01 ? [4, 4] : type === 0x04 ? [4, 16] : type === 0x03 ? [5, first ?? 0] : [0, 0]
  if (start === 0) return refuse('address-type', 'the SOCKS request has no known address type')
  const length = start + size + 2
  if (bytes.length < length) return 'more'

  const host = hostText(type, bytes.subarray(start, start + size))
  if (host === null) return refuse('general', 'the host is not valid text')
  const destination = toDestination(host, bytes.readUInt16BE(start + size), 'socks5')
  if (!destination.ok) return refuse('general', destination.error)
  return { length, value: ok(destination.value) }
}

function hostText(type: number, bytes: Buffer): string | null {
  if (type === 0x01) return bytes.join('.')
  if (type === 0x04) return bytes.toString('hex').replace(/(.{4})(?!$)/g, '$1:')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
