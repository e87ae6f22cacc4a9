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

/** No request line and no hello is longer. */
const LONGEST_OPENING = 64 * 1024
const LONGEST_LINE = 8 * 1024
const REQUEST_LINE = /^[A-Z]{1,20} \S+ HTTP\/1\.[01]\r?$/

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
  const isLetter = (byte = 0): boolean => byte >= 0x41 && byte <= 0x5a
  if (!isLetter(bytes[0])) return { kind: 'other' }
  const end = bytes.indexOf('\n')
  const line = bytes.subarray(0, end === -1 ? LONGEST_LINE : end)
  if (end === -1 && bytes.length < LONGEST_LINE) return null
  return { kind: REQUEST_LINE.test(line.toString('latin1')) ? 'http' : 'other' }
}

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
