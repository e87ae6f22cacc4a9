import type { Socket } from 'node:net'
import type { Log } from '../core/ports.ts'
import type { Admission, Admissions } from './admission.ts'
import type { Carry } from './carry.ts'
import { holdClient } from './held-client.ts'
import type { EgressClient } from './http.ts'
import type { EgressLimits } from './limits.ts'
import { endClient } from './refusal.ts'
import {
  LONGEST_REQUEST,
  METHOD_CHOSEN,
  NO_METHOD,
  type Parsed,
  parseGreeting,
  parseSocksRequest,
  type SocksReply,
  socksReply,
} from './socks5-wire.ts'

/** The SOCKS5 side of the gateway: no authentication, CONNECT only. */
export function createSocksFront(
  admissions: Admissions,
  carry: Carry,
  { limits, log }: { readonly limits: EgressLimits; readonly log: Log },
): { accept(client: EgressClient): void } {
  const serve = async ({ socket, requester }: EgressClient): Promise<void> => {
    const malformed = (reason: string, lastWord: Buffer): void => {
      void admissions.malformed(reason, requester)
      endClient(socket, lastWord, limits.lingerMs)
    }
    const watch = setTimeout(() => socket.destroy(), limits.headMs)
    socket.once('close', () => clearTimeout(watch))
    const greeting = await readPart(socket, parseGreeting)
    if (!greeting?.value) return malformed('it is no SOCKS5 greeting we can accept', NO_METHOD)
    socket.write(METHOD_CHOSEN)
    const request = await readPart(socket, parseSocksRequest)
    if (!request) return malformed('the SOCKS request is damaged', socksReply('general'))
    if (!request.value.ok) {
      const { reason, reply } = request.value.error
      return malformed(reason, socksReply(reply))
    }
    clearTimeout(watch)
    const held = holdClient(socket, Buffer.alloc(0), limits.earlyBytes)
    const admission = await admissions.admit(request.value.value, {
      requester,
      gone: held.gone,
      hangUp: () => socket.destroy(),
    })
    const early = held.release()
    if (admission.kind !== 'open')
      return endClient(socket, socksReply(replyOf(admission)), limits.lingerMs)
    socket.write(socksReply('succeeded'))
    carry(socket, early, admission)
  }

  return {
    accept: (client) => {
      serve(client).catch((cause: unknown) => {
        log.error('a SOCKS client failed inside the gateway', cause)
        client.socket.destroy()
      })
    },
  }
}

/**
 * Reads one part of the handshake and leaves what follows it unread in the socket, which is paused
 * again. null: the client left first or sent more than any handshake has.
 */
function readPart<T>(
  socket: Socket,
  parse: (bytes: Buffer) => Parsed<T>,
): Promise<{ readonly value: T } | null> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const finish = (result: { readonly value: T } | null, rest?: Buffer): void => {
      socket.pause()
      socket.off('data', read).off('end', leave).off('close', leave)
      if (rest && rest.length > 0) socket.unshift(rest)
      resolve(result)
    }
    const leave = (): void => finish(null)
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk])
      const parsed = parse(bytes)
      if (parsed !== 'more') finish({ value: parsed.value }, bytes.subarray(parsed.length))
      else if (bytes.length > LONGEST_REQUEST) leave()
    }
    socket.on('data', read).on('end', leave).on('close', leave)
    if (socket.destroyed || socket.readableEnded) leave()
    else socket.resume()
  })
}

function replyOf(admission: Exclude<Admission, { kind: 'open' }>): SocksReply {
  if (admission.kind === 'refused') return 'not-allowed'
  switch (admission.failure.kind) {
    case 'refused':
    case 'cut':
      return 'refused'
    case 'timeout':
      return 'ttl'
    case 'unreachable':
      return 'network-unreachable'
    case 'name':
      return 'host-unreachable'
  }
}
