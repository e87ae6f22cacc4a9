import { type ClientRequest, type IncomingMessage, request, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { connectFailure } from './connecting.ts'
import type { ProxyTarget } from './destination.ts'
import { endToEnd, upstreamHeaders } from './http-head.ts'
import { failedToConnect, headText, type Refusal, refusalHeaders } from './refusal.ts'
import type { Route } from './route.ts'
import { openTunnel } from './tunnel.ts'

const MAX_RESPONSE_HEAD = 64 * 1024
const NO_HTTP = 'it answered with something that is not HTTP'

/** One request on a route, answered on `response`. Every request gets a connection of its own. */
export function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  target: ProxyTarget,
  route: Route,
): void {
  const outgoing = send(incoming, target, route, ['Connection', 'close'])
  const fail = (reason: string): void => {
    if (response.headersSent) response.destroy()
    else refuse(response, failedToConnect(target.destination, reason))
  }
  outgoing.on('response', (answer) => relay(answer, response, fail))
  outgoing.on('error', (cause) => fail(connectFailure(cause).reason))
  // Nobody asked for an upgrade: Node hangs up on such an answer without a word.
  outgoing.on('upgrade', (_answer, socket) => {
    socket.destroy()
    fail(NO_HTTP)
  })
  response.on('close', () => outgoing.destroy())
  pipeline(incoming, outgoing, () => undefined)
}

export interface UpgradeParts {
  readonly incoming: IncomingMessage
  readonly client: Socket
  readonly target: ProxyTarget
  readonly route: Route
  /** What the client sent after its head. */
  readonly early: Buffer
  readonly idleMs: number
}

/** An upgrade (WebSocket): a tunnel when the server agrees, an ordinary answer when it does not. */
export function forwardUpgrade(parts: UpgradeParts): void {
  const { incoming, client, route, target } = parts
  const outgoing = send(incoming, target, route, [
    ...['Connection', 'Upgrade'],
    ...['Upgrade', incoming.headers.upgrade ?? ''],
  ])
  outgoing.on('upgrade', (answer, upstream: Socket, head) => {
    client.write(headText('HTTP/1.1 101 Switching Protocols', answer.rawHeaders), 'latin1')
    openTunnel({
      client,
      upstream,
      toUpstream: parts.early,
      toClient: head,
      idleMs: parts.idleMs,
      done: () => route.close(),
    })
  })
  const answerPlainly = (): ServerResponse => {
    const response = new ServerResponse(incoming)
    response.shouldKeepAlive = false
    response.assignSocket(client)
    response.on('finish', () => client.destroySoon())
    return response
  }
  const fail = (reason: string): void => {
    if (client.bytesWritten > 0) client.destroy()
    else refuse(answerPlainly(), failedToConnect(target.destination, reason))
  }
  outgoing.on('response', (answer) => {
    if (isWritable(answer)) relay(answer, answerPlainly(), fail)
    else fail(NO_HTTP)
  })
  outgoing.on('error', (cause) => fail(connectFailure(cause).reason))
  client.on('close', () => route.close())
  outgoing.end()
}

function send(
  incoming: IncomingMessage,
  { destination, path }: ProxyTarget,
  route: Route,
  extraHeaders: readonly string[],
): ClientRequest {
  return request({
    method: incoming.method,
    path,
    headers: [...upstreamHeaders(incoming, destination), ...extraHeaders],
    setHost: false,
    maxHeaderSize: MAX_RESPONSE_HEAD,
    createConnection: () => route.take(),
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
  fail: (reason: string) => void,
): void {
  if (!isWritable(answer)) {
    answer.destroy()
    return fail(NO_HTTP)
  }
  response.sendDate = false
  response.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders))
  pipeline(answer, response, () => undefined)
}

export function refuse(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, refusalHeaders(refusal))
  response.end(`${refusal.text}\n`)
}
