import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { QUESTIONS_NAME } from '../../shared/domain/agent-question.ts'
import type { Destination } from '../../shared/domain/policy.ts'
import type { EgressOptions } from '../core/egress-port.ts'
import type { Log } from '../core/ports.ts'
import type { Admissions } from './admission.ts'
import type { EgressClient } from './http.ts'
import type { EgressLimits } from './limits.ts'

/** Where the agent's own questions are taken. Nothing that comes here leaves the machine. */
export interface QuestionDesk {
  answer(incoming: IncomingMessage, response: ServerResponse, client: EgressClient): Promise<void>
  /** For clients that make a tunnel also for plain HTTP. Takes the socket for good. */
  tunnel(client: EgressClient, head: Buffer): void
}

const DESK_PORT = 80

export const isForDesk = ({ host, port }: Destination): boolean =>
  host === QUESTIONS_NAME && port === DESK_PORT

export function createQuestionDesk(
  bring: EgressOptions['bring'],
  malformed: Admissions['malformed'],
  { limits, log }: { readonly limits: EgressLimits; readonly log: Log },
): QuestionDesk {
  const clients = new WeakMap<Socket, { client: EgressClient; watch: NodeJS.Timeout }>()

  /** `status` and no word more: who asks is a program inside. */
  const end = (response: ServerResponse, status: number, body = ''): void => {
    response.writeHead(status, {
      Connection: 'close',
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    })
    response.end(body)
    // A client that does not take it is not waited for.
    const timer = setTimeout(() => response.destroy(), limits.lingerMs)
    response.once('close', () => clearTimeout(timer))
  }

  const answer: QuestionDesk['answer'] = async (incoming, response, client) => {
    const refuse = (reason: string): void => {
      void malformed(reason, client.requester)
      end(response, 400)
    }
    if (bring === null) return end(response, 404)
    if (incoming.method !== 'POST') return refuse('it is no question of an agent')
    const text = await readBody(incoming, limits)
    if (text === 'late') return void response.destroy()
    if (text === 'large') return end(response, 200)
    const body = parse(text)
    if (body === undefined) return refuse('the question of an agent is no JSON')

    const gone = new AbortController()
    response.once('close', () => gone.abort())
    if (response.destroyed) return
    const reply = await bring({ body, requester: await client.requester, gone: gone.signal })
    if (!reply) return refuse('it is no question of an agent')
    if (response.destroyed) return reply.told(false)
    response.once('close', () => reply.told(response.writableFinished))
    end(response, 200, reply.body)
  }

  const server = createServer({ maxHeaderSize: limits.headBytes, keepAliveTimeout: 0 })
  server.maxHeadersCount = limits.headers
  server.on('request', (incoming, response) => {
    const known = clients.get(incoming.socket)
    if (!known) return void incoming.socket.destroy()
    clearTimeout(known.watch)
    answer(incoming, response, known.client).catch((cause: unknown) => {
      log.error('a question failed inside the gateway; it is not answered', cause)
      incoming.socket.destroy()
    })
  })
  server.on('clientError', (_cause, socket) => socket.destroy())
  // Neither kind is answered here; Node leaves their sockets to who listens.
  server.on('connect', (_incoming, socket) => socket.destroy())
  server.on('upgrade', (_incoming, socket) => socket.destroy())

  return {
    answer,
    tunnel: (client, head) => {
      const { socket } = client
      const watch = setTimeout(() => socket.destroy(), limits.headMs)
      clients.set(socket, { client, watch })
      socket.once('close', () => clearTimeout(watch))
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      if (head.length > 0) socket.unshift(head)
      server.emit('connection', socket)
      socket.resume()
    },
  }
}

const parse = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

/** `large`: more than is taken; `late`: it did not come to an end. */
function readBody(
  incoming: IncomingMessage,
  { questionBytes, headMs }: EgressLimits,
): Promise<string | 'large' | 'late'> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let length = 0
    const timer = setTimeout(() => resolve('late'), headMs)
    incoming.on('data', (piece: Buffer) => {
      length += piece.length
      if (length > questionBytes) resolve('large')
      else pieces.push(piece)
    })
    incoming.once('end', () => resolve(Buffer.concat(pieces).toString('utf8')))
    incoming.once('close', () => {
      clearTimeout(timer)
      resolve('late')
    })
  })
}
