import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https'
import type { Server, Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { Decision } from '../../src/shared/domain/policy.ts'
import { makeCertificate } from './certificate.ts'
import {
  DENY,
  dial,
  listen,
  readAll,
  startGateway,
  type TestGateway,
  type TestGatewayOptions,
} from './egress-harness.ts'

export const BY_RULE: Decision = { action: 'allow', by: DENY.by }

interface SeenRequest {
  readonly line: string
  readonly headers: readonly string[]
  readonly body: string
  readonly socket: Socket
}

/** Hosts with certificates of their own, and what they saw. */
export interface SecureHosts {
  readonly certificate: { readonly key: string; readonly cert: string }
  readonly other: { readonly key: string; readonly cert: string }
  readonly gateway: TestGateway
  /** Request by request. */
  readonly seen: SeenRequest[]
  /** The names that finished handshakes asked for. */
  readonly handshakes: unknown[]
  /** Closed after the test. */
  own(server: Server): void
  secureServer(options?: object): Promise<Server>
  /** A gateway of the test's own, closed after it. */
  use(options: TestGatewayOptions): Promise<void>
  /** A gateway that leads two names to one server. */
  start(options?: TestGatewayOptions): Promise<void>
  /** A tunnel, opened. */
  tunnel(host: string, port?: number): Promise<Socket>
  secure(host: string, name: string, options?: object): Promise<TLSSocket>
}

/** Call it once at the top of a test file. */
export function setUpSecureHosts(): SecureHosts {
  const servers: Server[] = []
  let certificate = { key: '', cert: '' }
  let other = { key: '', cert: '' }
  let gateway: TestGateway | null = null
  const seen: SeenRequest[] = []
  const handshakes: unknown[] = []
  const running = (): TestGateway => {
    if (!gateway) throw new Error('no gateway was started')
    return gateway
  }
  beforeAll(async () => {
    certificate = await makeCertificate('secure.example.test')
    other = await makeCertificate('other.example.test')
  })
  beforeEach(() => {
    seen.length = 0
    handshakes.length = 0
  })
  afterEach(async () => {
    await gateway?.close()
    gateway = null
    for (const server of servers.splice(0)) {
      server.close()
      if (server instanceof HttpsServer) server.closeAllConnections()
    }
  })

  const hosts: SecureHosts = {
    get certificate() {
      return certificate
    },
    get other() {
      return other
    },
    get gateway() {
      return running()
    },
    seen,
    handshakes,
    own: (server) => servers.push(server),
    secureServer: async (options = {}) => {
      const server = createHttpsServer({ ...certificate, ...options })
      server.on('request', (request, response) => {
        let body = ''
        request.on('data', (chunk: Buffer) => {
          body += String(chunk)
        })
        request.on('end', () => {
          const line = `${request.method} ${request.url}`
          seen.push({ line, headers: request.rawHeaders, body, socket: request.socket })
          response.setHeader('X-Echo', request.headers.authorization ?? '')
          response.end(`hello ${request.headers.authorization ?? ''}`)
        })
      })
      server.on('upgrade', ({ url, rawHeaders: headers, socket }) => {
        seen.push({ line: `UPGRADE ${url}`, headers, body: '', socket })
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n',
        )
        socket.pipe(socket)
      })
      server.on('secureConnection', (socket: TLSSocket) => handshakes.push(socket.servername))
      server.on('tlsClientError', () => undefined)
      servers.push(await listen(server))
      return server
    },
    use: async (options) => {
      await gateway?.close()
      gateway = await startGateway(options)
    },
    start: async (options = {}) => {
      const server = await hosts.secureServer()
      await hosts.use({
        hosts: { 'secure.example.test': server, 'other.example.test': server },
        trusted: certificate.cert,
        ...options,
      })
    },
    tunnel: async (host, port = 443) => {
      const socket = await dial(running().port)
      socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`)
      const answer = await readAll(socket, (bytes) => bytes.includes('\r\n\r\n'))
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /)
      return socket
    },
    secure: async (host, name, options = {}) => {
      const socket = await hosts.tunnel(host)
      const stream = connect({
        ...{ socket, servername: name, ca: [certificate.cert, other.cert, running().certificate] },
        checkServerIdentity: () => undefined,
        ...options,
      })
      stream.on('error', () => undefined)
      return stream
    },
  }
  return hosts
}

export const handshake = (stream: TLSSocket): Promise<boolean> =>
  new Promise((resolve) => {
    stream.once('secureConnect', () => resolve(true)).once('close', () => resolve(false))
  })

/** One request on a stream that stays open. */
export async function ask(stream: Socket, text: string): Promise<string> {
  stream.write(text)
  const whole = (bytes: Buffer): boolean => {
    const [head = '', body = ''] = bytes.toString().split('\r\n\r\n')
    const length = /content-length: (\d+)/i.exec(head)?.[1]
    return length !== undefined
      ? Buffer.byteLength(body) >= Number(length)
      : /transfer-encoding: chunked/i.test(head) && body.endsWith('0\r\n\r\n')
  }
  return (await readAll(stream, whole)).toString()
}
export const GET = (path: string, host = 'secure.example.test', more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`
