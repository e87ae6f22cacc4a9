import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  request,
  ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { connectFailure } from './connecting.ts'
import type { ProxyTarget } from './destination.ts'
import type { AdmittedExchange } from './exchange.ts'
import { endToEnd, upstreamHeaders } from './http-head.ts'
import { failedToConnect, headText, type Refusal, refusalHeaders } from './refusal.ts'
import { openTunnel } from './tunnel.ts'

const MAX_RESPONSE_HEAD = 64 * 1024
const NO_HTTP = 'it answered with something that is not HTTP'

/** Where one request goes on, and how. */
export interface Upstream extends ProxyTarget, AdmittedExchange {
  /** Value of its Host header. */
  readonly authority: string
  /** A connection for this request alone, or an agent that keeps one for those that follow. */
  readonly through: { readonly createConnection: () => Socket } | { readonly agent: Agent }
}

/** One request, answered on `response`. */
export function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  upstream: Upstream,
): void {
  const isKept = 'agent' in upstream.through
  const outgoing = send(incoming, upstream, ['Connection', isKept ? 'keep-alive' : 'close'])
  const fail = (reason: string): void => {
    upstream.watch.answered(null, reason)
    // On a connection that was idle before, it is the client's turn to try again.
    if (response.headersSent || outgoing.reusedSocket) response.destroy()
    else refuse(response, failedToConnect(upstream.destination, reason))
  }
  outgoing.on('response', (answer) => relay(answer, response, upstream, fail))
  outgoing.on('error', (cause) => fail(connectFailure(cause).reason))
  // Nobody asked for an upgrade: Node hangs up on such an answer without a word.
  outgoing.on('upgrade', (_answer, socket) => {
    socket.destroy()
    fail(NO_HTTP)
  })
  incoming.on('data', (chunk: Buffer) => upstream.watch.sent(chunk.length))
  response.on('close', () => {
    upstream.watch.done()
    if (!isKept || !response.writableFinished) outgoing.destroy()
  })
  pipeline(incoming, outgoing, () => undefined)
}

export interface UpgradeParts {
  readonly incoming: IncomingMessage
  readonly client: Socket
  readonly upstream: Upstream
  /** What the client sent after its head. */
  readonly early: Buffer
  readonly idleMs: number
  /** Nothing is carried any more. */
  done(): void
}

/** An upgrade (WebSocket): a tunnel when the server agrees, an ordinary answer when it does not. */
export function forwardUpgrade(parts: UpgradeParts): void {
  const { incoming, client, upstream } = parts
  const outgoing = send(incoming, upstream, [
    ...['Connection', 'Upgrade'],
    ...['Upgrade', incoming.headers.upgrade ?? ''],
  ])
  let isAnswered = false
  outgoing.on('upgrade', (answer, other: Socket, head) => {
    isAnswered = true
    upstream.watch.answered(101, null)
    client.write(headText('HTTP/1.1 101 Switching Protocols', answer.rawHeaders), 'latin1')
    openTunnel({
      client,
      upstream: other,
      toUpstream: parts.early,
      toClient: head,
      idleMs: parts.idleMs,
      done: parts.done,
    })
  })
  const answerPlainly = (): ServerResponse => {
    isAnswered = true
    const response = new ServerResponse(incoming)
    response.shouldKeepAlive = false
    response.assignSocket(client)
    response.on('finish', () => client.destroySoon())
    return response
  }
  const fail = (reason: string): void => {
    upstream.watch.answered(null, reason)
    if (isAnswered) client.destroy()
    else refuse(answerPlainly(), failedToConnect(upstream.destination, reason))
  }
  outgoing.on('response', (answer) => {
    if (isWritable(answer)) relay(answer, answerPlainly(), upstream, fail)
    else fail(NO_HTTP)
  })
  outgoing.on('error', (cause) => fail(connectFailure(cause).reason))
  client.on('close', () => {
    upstream.watch.done()
    parts.done()
  })
  outgoing.end()
}

function send(
  incoming: IncomingMessage,
  { authority, path, headers, through }: Upstream,
  extraHeaders: readonly string[],
): ClientRequest {
  return request({
    method: incoming.method,
    path,
    headers: [...upstreamHeaders(incoming, headers, authority), ...extraHeaders],
    setHost: false,
    maxHeaderSize: MAX_RESPONSE_HEAD,
    ...through,
  })
}

/** A server may send what Node would throw on when asked to send it on. */
function isWritable({ statusCode = 0, rawHeaders }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode <= 999 && rawHeaders.every((text) => TEXT.test(text))
}
const TEXT = /^[\t\x20-\x7e\x80-\xff]*$/

/** The status line is written anew: its words mean nothing and may hold anything. */
function relay(
  answer: IncomingMessage,
  response: ServerResponse,
  { filter, watch }: Upstream,
  fail: (reason: string) => void,
): void {
  if (!isWritable(answer)) {
    answer.destroy()
    return fail(NO_HTTP)
  }
  // Compressed although it was asked not to be: it cannot be searched.
  if (filter && (answer.headers['content-encoding'] ?? 'identity') !== 'identity') {
    answer.destroy()
    return fail('it compressed an answer that has to be searched for a credential')
  }
  watch.answered(answer.statusCode ?? null, null)
  answer.on('data', (chunk: Buffer) => watch.received(chunk.length))
  response.sendDate = false
  const headers = endToEnd(answer.rawHeaders)
  response.writeHead(answer.statusCode ?? 502, filter ? headers.map(filter.header) : headers)
  if (filter) pipeline(answer, filter.body, response, () => undefined)
  else pipeline(answer, response, () => undefined)
}

export function refuse(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, refusalHeaders(refusal))
  response.end(`${refusal.text}\n`)
}
