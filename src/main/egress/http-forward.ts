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

/** One request on a route, answered on `response`. Every request gets a connection of its own. */
export function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  target: ProxyTarget,
  route: Route,
): void {
  const outgoing = send(incoming, target, route, ['Connection', 'close'])
  outgoing.on('response', (answer) => relay(answer, response))
  outgoing.on('error', (cause) => {
    if (response.headersSent) response.destroy()
    else refuse(response, failedToConnect(target.destination, connectFailure(cause).reason))
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
    const start = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`
    client.write(headText(start, answer.rawHeaders), 'latin1')
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
  outgoing.on('response', (answer) => relay(answer, answerPlainly()))
  outgoing.on('error', (cause) => {
    if (client.bytesWritten > 0) client.destroy()
    else {
      const { reason } = connectFailure(cause)
      refuse(answerPlainly(), failedToConnect(target.destination, reason))
    }
  })
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

function relay(answer: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders))
  pipeline(answer, response, () => undefined)
}

export function refuse(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, refusalHeaders(refusal))
  response.end(`${refusal.text}\n`)
}
