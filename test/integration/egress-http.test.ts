import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  ALLOW,
  DENY,
  dial,
  exchange,
  httpServer,
  listen,
  readAll,
  startGateway,
  statusOf,
  type TestGateway,
  type TestGatewayOptions,
  until,
} from './egress-harness.ts'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

let seen: Seen[]
let api: HttpServer
let gateway: TestGateway

beforeEach(async () => {
  seen = []
  api = await httpServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const { method, url, headers } = request
      seen.push({ method, url, headers, body })
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.setHeader('Keep-Alive', 'timeout=99')
      response.end(`${method} ${url}`)
    })
  })
})
afterEach(async () => {
  await gateway.close()
  api.closeAllConnections()
  api.close()
})

const start = async (options: TestGatewayOptions = {}): Promise<void> => {
  gateway = await startGateway({
    hosts: { 'api.example.test': api, 'other.example.test': api },
    ...options,
  })
}
const get = (host: string, path = '/', extra = ''): string =>
  `GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n${extra}\r\n`
const CLOSE = 'Connection: close\r\n'

describe('a plain request', () => {
  test('is forwarded as a request of our own making', async () => {
    await start()
    const answer = await exchange(
      gateway.port,
      `POST http://API.example.test.:80/a?b=c HTTP/1.1\r\nHost: api.example.test\r\n` +
        'Proxy-Authorization: Basic c2VjcmV0\r\nProxy-Connection: keep-alive\r\nX-Mine: 1\r\n' +
        'X-Hop: 2\r\nTE: trailers\r\nConnection: close, X-Hop\r\nContent-Length: 5\r\n\r\nhello',
    )
    expect(statusOf(answer)).toBe(200)
    expect(answer.endsWith('POST /a?b=c')).toBe(true)
    expect(answer.match(/set-cookie: /gi)).toHaveLength(2)
    expect(answer).not.toMatch(/timeout=99/)
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/a?b=c',
        body: 'hello',
        headers: {
          host: 'api.example.test',
          'x-mine': '1',
          'content-length': '5',
          connection: 'close',
        },
      },
    ])
  })

  test('with a chunked body arrives whole, also for GET', async () => {
    await start()
    for (const method of ['POST', 'GET']) {
      const answer = await exchange(
        gateway.port,
        `${method} http://api.example.test/ HTTP/1.1\r\nHost: api.example.test\r\n${CLOSE}` +
          'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      )
      expect(statusOf(answer)).toBe(200)
    }
    expect(seen.map(({ method, body }) => [method, body])).toEqual([
      ['POST', 'hello'],
      ['GET', 'hello'],
    ])
  })

  test('on a kept connection is decided once per host, and anew for another', async () => {
    await start({
      decide: ({ destination }) =>
        Promise.resolve(destination.host === 'api.example.test' ? ALLOW : DENY),
    })
    // All four are sent at once: the third is for another host.
    const answer = await exchange(
      gateway.port,
      get('api.example.test', '/1') +
        get('api.example.test', '/2') +
        get('other.example.test', '/3') +
        get('api.example.test', '/4', CLOSE),
    )
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])).toEqual([
      ...['200', '200', '403', '200'],
    ])
    expect(seen.map(({ url }) => url).sort()).toEqual(['/1', '/2', '/4'])
    expect(gateway.asked.map(({ host }) => host)).toEqual([
      'api.example.test',
      'other.example.test',
    ])
    await until(() => gateway.factsOf('net/closed').length === 1, 'the connection closed')
    expect(gateway.factsOf('net/opened')).toHaveLength(1)
    expect(gateway.factsOf('net/closed')[0]?.bytesDown).toBeGreaterThan(0)
  })

  test('that is answered with another host is not followed: the client has to ask for that', async () => {
    const moved = await httpServer((_request, response) => {
      response.writeHead(302, { Location: 'http://other.example.test/stolen' }).end()
    })
    await start({
      hosts: { 'moved.example.test': moved, 'other.example.test': api },
      decide: ({ destination }) =>
        Promise.resolve(destination.host === 'moved.example.test' ? ALLOW : DENY),
    })
    const answer = await exchange(gateway.port, get('moved.example.test', '/', CLOSE))
    expect(statusOf(answer)).toBe(302)
    expect(answer).toContain('Location: http://other.example.test/stolen')
    expect(gateway.asked.map(({ host }) => host)).toEqual(['moved.example.test'])
    expect(
      statusOf(await exchange(gateway.port, get('other.example.test', '/stolen', CLOSE))),
    ).toBe(403)
    expect(seen).toEqual([])
    moved.close()
  })

  test('that is denied says why and leaves the connection usable', async () => {
    await start({
      decide: ({ destination }) => Promise.resolve(destination.port === 80 ? ALLOW : DENY),
    })
    const answer = await exchange(
      gateway.port,
      get('api.example.test:8080') + get('api.example.test', '/', CLOSE),
    )
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
    expect(answer).toMatch(/x-cloche-decision: deny; by=rule; rule=rul_00000001\r\n/i)
    expect(answer).toContain('Cloche refused api.example.test:8080')
    expect(answer).toContain('HTTP/1.1 200')
  })

  test('waits for its decision; the client that leaves withdraws it', async () => {
    let gone: AbortSignal | null = null
    await start({
      decide: (request) => {
        gone = request.gone
        return new Promise(() => undefined)
      },
    })
    const socket = await dial(gateway.port)
    socket.write(get('api.example.test'))
    await until(() => gone !== null, 'somebody was asked')
    socket.destroy()
    await until(() => gone?.aborted === true, 'the question was withdrawn')
    expect(seen).toEqual([])
  })

  test('is cut in the middle when its rule goes', async () => {
    const endless = await httpServer((_, response) => void response.write('begin'))
    await start({ hosts: { 'api.example.test': endless } })
    const socket = await dial(gateway.port)
    socket.write(get('api.example.test'))
    await readAll(socket, (bytes) => bytes.includes('begin'))
    expect(gateway.handle.cut(() => true)).toBe(1)
    await readAll(socket)
    expect(gateway.factsOf('net/closed')).toHaveLength(1)
    socket.destroy()
    endless.closeAllConnections()
    endless.close()
  })

  test.each([
    ['no HTTP at all', 'no http\r\n\r\n', 502],
    ['nothing', '', 502],
    ['status 000', 'HTTP/1.1 000 Odd\r\n\r\n', 502],
    ['status 101 unasked', 'HTTP/1.1 101 Odd\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', 502],
    ['control bytes in a header', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\n\r\n', 502],
    ['DEL in a header', 'HTTP/1.1 200 OK\r\nX: a\x7fb\r\n\r\n', 502],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`, 502],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 502],
    ['odd words in the status', 'HTTP/1.1 200 \x01\x1b[31m\r\nContent-Length: 0\r\n\r\n', 200],
    ['an odd status', 'HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n\r\n', 599],
  ])('survives a server that answers %s', async (_, answer, status) => {
    const odd = await listen(
      createServer((socket) => {
        socket.once('data', () => socket.end(Buffer.from(answer, 'latin1')))
        socket.on('error', () => undefined)
      }),
    )
    await start({ hosts: { 'api.example.test': odd } })
    const text = await exchange(gateway.port, get('api.example.test', '/', CLOSE))
    expect(statusOf(text)).toBe(status)
    expect(text).not.toMatch(/[\x00-\x08\x0e-\x1f\x7f]/)
    const upgraded = await exchange(
      gateway.port,
      get('api.example.test', '/', 'Connection: Upgrade\r\nUpgrade: y\r\n'),
    )
    expect(statusOf(upgraded)).toBe(answer.includes(' 101 ') ? 101 : status)
    odd.close()
  })

  test('HEAD has a length and no body', async () => {
    await start()
    const answer = await exchange(
      gateway.port,
      `HEAD http://api.example.test/ HTTP/1.1\r\nHost: api.example.test\r\n${CLOSE}\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n$/)
  })
})

test('a slow head is cut, however steadily it drips', async () => {
  await start({ limits: { headMs: 300 } })
  const socket = await dial(gateway.port)
  const startedAtMs = performance.now()
  socket.write('GET http://api.example.test/ HTTP/1.1\r\n')
  const drip = setInterval(() => socket.write('X: 1\r\n'), 50)
  await readAll(socket)
  clearInterval(drip)
  socket.destroy()
  expect(performance.now() - startedAtMs).toBeLessThan(3_000)
  expect(gateway.facts).toEqual([])
})

test('a kept connection that falls silent is cut', async () => {
  await start({ limits: { keepAliveMs: 150 } })
  const socket = await dial(gateway.port)
  socket.write(get('api.example.test'))
  const answer = await readAll(socket)
  expect(statusOf(answer.toString())).toBe(200)
  socket.destroy()
})

describe('an upgrade through absolute form', () => {
  const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
  const upgrade = (path: string): string =>
    get(
      'api.example.test',
      path,
      `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n`,
    )
  const accept = createHash('sha1')
    .update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')

  let ws: Server & HttpServer
  beforeEach(async () => {
    ws = await httpServer((_, response) => response.end('plain'))
    ws.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      if (request.url !== '/ws')
        return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\nhi`,
      )
      if (head.length > 0) socket.write(head)
      socket.pipe(socket)
    })
  })
  afterEach(() => void ws.close())

  test('becomes a tunnel', async () => {
    await start({ hosts: { 'api.example.test': ws } })
    const socket = await dial(gateway.port)
    socket.write(upgrade('/ws'))
    const head = await readAll(socket, (bytes) => bytes.includes('hi'))
    expect(head.toString()).toContain('101 Switching Protocols')
    expect(head.toString()).toContain(accept)
    socket.end('frames')
    expect((await readAll(socket)).toString()).toBe('frames')
    await until(() => gateway.factsOf('net/closed').length === 1, 'the tunnel closed')
  })

  test('may be answered without one', async () => {
    await start({ hosts: { 'api.example.test': ws } })
    const answer = await exchange(gateway.port, upgrade('/elsewhere'))
    expect(statusOf(answer)).toBe(404)
    expect(answer.endsWith('no')).toBe(true)
    await until(() => gateway.factsOf('net/closed').length === 1, 'the connection closed')
  })

  test('may be denied', async () => {
    await start({ hosts: { 'api.example.test': ws }, decide: () => Promise.resolve(DENY) })
    expect(statusOf(await exchange(gateway.port, upgrade('/ws')))).toBe(403)
  })

  test('is cut with everything else', async () => {
    await start({ hosts: { 'api.example.test': ws } })
    const socket = await dial(gateway.port)
    socket.write(upgrade('/ws'))
    await readAll(socket, (bytes) => bytes.includes('hi'))
    const closed = once(socket, 'end')
    expect(gateway.handle.cut(() => true)).toBe(1)
    socket.resume()
    await closed
    socket.destroy()
  })
})
