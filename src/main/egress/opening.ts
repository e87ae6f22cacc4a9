import { METHODS } from 'node:http'
import type { Socket } from 'node:net'
import { looksLikeTls, readClientHello } from './tls/client-hello.ts'

/** What a tunnel begins with. */
export type Opening =
  /** `name`: as the client wrote it. */
  | { readonly kind: 'tls'; readonly name: string | null }
  | { readonly kind: 'http' }
  /** Neither, or the server spoke first. */
  | { readonly kind: 'other' }
  | { readonly kind: 'damaged'; readonly reason: string }

/** No hello is longer. */
const LONGEST_OPENING = 64 * 1024
const LONGEST_LINE = 8 * 1024

/** Pure: null as long as more bytes could still tell. */
export function classify(bytes: Buffer): Opening | null {
  if (bytes.length === 0) return null
  if (looksLikeTls(bytes)) {
    const reading = readClientHello(bytes)
    if (reading.kind === 'damaged') return reading
    if (reading.kind === 'hello') return { kind: 'tls', name: reading.hello.serverName }
    return bytes.length < LONGEST_OPENING
      ? null
      : { kind: 'damaged', reason: 'its hello has no end' }
  }
  const isRequest = beginsRequest(bytes.subarray(0, LONGEST_LINE).toString('latin1'))
  if (isRequest === null && bytes.length < LONGEST_LINE) return null
  return { kind: isRequest ? 'http' : 'other' }
}

/**
 * Whether it is the beginning of a request line, as the most tolerant server would read it; what is
 * not strict is refused later. null: it could still become one.
 */
function beginsRequest(text: string): boolean | null {
  const [, blank = '', method = '', gap = '', target = '', space = '', rest = ''] =
    /^([\r\n \t]*)([a-z-]*)([ \t]*)([^\s]*)([ \t]*)([^]*)$/i.exec(text) ?? []
  if (blank.length > MOST_BLANK) return false
  const isMethod = METHODS.some((known) =>
    gap === '' ? known.startsWith(method.toUpperCase()) : known === method.toUpperCase(),
  )
  if (!isMethod || (gap === '' && target + space + rest !== '')) return false
  if (space === '') return rest === '' ? null : false
  const version = rest.slice(0, VERSION.length).toUpperCase()
  if (version === VERSION) return true
  return VERSION.startsWith(version) ? null : false
}
const VERSION = 'HTTP/1'
/** Servers pass over empty lines before a request. */
const MOST_BLANK = 64

export interface OpeningParts {
  readonly client: Socket
  readonly upstream: Socket
  /** What the client sent already. */
  readonly early: Buffer
  /** From its first byte, a client has this long to say what it carries. */
  readonly timeoutMs: number
}

/**
 * Reads from the client until it is clear what it carries; nothing goes upstream before. A server
 * that speaks first ends the wait: then it is not TLS and not HTTP. Both sockets are paused again.
 */
export function readOpening(
  parts: OpeningParts,
): Promise<{ readonly opening: Opening; readonly sent: Buffer }> {
  const { client, upstream } = parts
  return new Promise((resolve) => {
    let sent = parts.early
    let timer: NodeJS.Timeout | null = null
    let isClear = false
    const finish = (opening: Opening): void => {
      isClear = true
      if (timer) clearTimeout(timer)
      client.pause()
      upstream.pause()
      client.off('data', read).off('end', leave).off('close', leave)
      upstream.off('data', serverSpeaks).off('end', leave).off('close', leave)
      resolve({ opening, sent })
    }
    const look = (): void => {
      const opening = classify(sent)
      if (opening) finish(opening)
      else if (sent.length > 0)
        timer ??= setTimeout(
          () => finish({ kind: 'damaged', reason: 'it never said what it carries' }),
          parts.timeoutMs,
        )
    }
    const read = (chunk: Buffer): void => {
      sent = Buffer.concat([sent, chunk])
      look()
    }
    const serverSpeaks = (chunk: Buffer): void => {
      upstream.pause()
      upstream.unshift(chunk)
      finish({ kind: 'other' })
    }
    // What was begun as TLS or HTTP and is not finished is passed on as neither.
    const leave = (): void =>
      finish(
        sent.length === 0 ? { kind: 'other' } : { kind: 'damaged', reason: 'it was cut short' },
      )
    client.on('data', read).on('end', leave).on('close', leave)
    upstream.on('data', serverSpeaks).on('end', leave).on('close', leave)
    if (client.destroyed || client.readableEnded || upstream.destroyed) return leave()
    look()
    // What it sent while it was held may have been enough.
    if (isClear) return
    client.resume()
    upstream.resume()
  })
}
