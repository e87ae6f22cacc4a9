import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, Server as HttpServer } from 'node:http'
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

  test('gets 502 when the server answers nonsense', async () => {
    const nonsense = await listen(createServer((socket) => socket.end('no http\r\n\r\n')))
    await start({ hosts: { 'api.example.test': nonsense } })
    expect(statusOf(await exchange(gateway.port, get('api.example.test', '/', CLOSE)))).toBe(502)
    nonsense.close()
  })
})

describe('refused as malformed', () => {
  const HEAD = 'POST http://api.example.test/ HTTP/1.1\r\nHost: api.example.test\r\n'
  const HIDDEN = 'GET http://api.example.test/hidden HTTP/1.1\r\nHost: api.example.test\r\n\r\n'
  const CASES: readonly (readonly [string, string])[] = [
    [
      'Content-Length and chunked',
      `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['two lengths', `${HEAD}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`],
    ['the same length twice', `${HEAD}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd`],
    ['a list of lengths', `${HEAD}Content-Length: 4, 4\r\n\r\nabcd`],
    ['a signed length', `${HEAD}Content-Length: +4\r\n\r\nabcd`],
    ['an unknown encoding', `${HEAD}Transfer-Encoding: xchunked\r\n\r\n`],
    ['two encodings', `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    [
      'chunked twice',
      `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a blank before the colon', `${HEAD}Content-Length : 4\r\n\r\nabcd`],
    ['a header without a colon', `${HEAD}Nonsense\r\n\r\n`],
    ['NUL in a header', `${HEAD}X: a\0b\r\n\r\n`],
    ['NUL in the target', 'GET http://api.example.test\0.evil.example/ HTTP/1.1\r\n\r\n'],
    ['bare CR in a header', `${HEAD}X: a\rTransfer-Encoding: chunked\r\n\r\n`],
    ['another Host', 'GET http://api.example.test/ HTTP/1.1\r\nHost: evil.example\r\n\r\n'],
    [
      'another port in Host',
      'GET http://api.example.test/ HTTP/1.1\r\nHost: api.example.test:81\r\n\r\n',
    ],
    ['two Hosts', `${HEAD}Host: evil.example\r\n\r\n`],
    ['no whole address', 'GET / HTTP/1.1\r\nHost: api.example.test\r\n\r\n'],
    [
      'https in absolute form',
      'GET https://api.example.test/ HTTP/1.1\r\nHost: api.example.test\r\n\r\n',
    ],
    ['a user name', 'GET http://api.example.test@evil.example/ HTTP/1.1\r\n\r\n'],
    ['an escaped host', 'GET http://api%2eexample.test/ HTTP/1.1\r\n\r\n'],
    ['a raw UTF-8 host', 'GET http://b\xc3\xbccher.example/ HTTP/1.1\r\n\r\n'],
    ['CONNECT without port', 'CONNECT api.example.test HTTP/1.1\r\nHost: api.example.test\r\n\r\n'],
    ['CONNECT with port 0', 'CONNECT api.example.test:0 HTTP/1.1\r\n\r\n'],
    ['CONNECT with port 65536', 'CONNECT api.example.test:65536 HTTP/1.1\r\n\r\n'],
    [
      'CONNECT with another Host',
      'CONNECT api.example.test:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n',
    ],
    ['CONNECT with a user name', 'CONNECT a@api.example.test:443 HTTP/1.1\r\n\r\n'],
    ['CONNECT with a zone', 'CONNECT [fe80::1%25eth0]:443 HTTP/1.1\r\n\r\n'],
    [
      'an upgrade with a body',
      `${HEAD}Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nabcd`,
    ],
    ['an oversized head', `${HEAD}X: ${'a'.repeat(17 * 1024)}\r\n\r\n`],
    ['too many headers', `${HEAD}${'X: 1\r\n'.repeat(101)}\r\n`],
    ['another protocol', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03'],
    ['SOCKS4', '\x04\x01\x00\x50\xc0\x00\x02\x01\x00\r\n\r\n'],
  ]

  test.each(CASES)('%s', async (_, request) => {
    await start()
    const socket = await dial(gateway.port)
    socket.write(Buffer.from(request + HIDDEN, 'latin1'))
    const answer = await readAll(socket, (bytes) => bytes.includes('\r\n\r\n'))
    socket.destroy()
    expect([400, 431]).toContain(statusOf(answer.toString('latin1')))
    await until(() => gateway.factsOf('net/malformed').length > 0, 'it was reported')
    expect(gateway.asked.filter(({ host }) => host !== 'api.example.test')).toEqual([])
    expect(seen.filter(({ url }) => url !== '/hidden')).toEqual([])
    // Positive control: the same gateway carries a well-formed request.
    expect(statusOf(await exchange(gateway.port, get('api.example.test', '/ok', CLOSE)))).toBe(200)
    expect(seen.filter(({ url }) => url === '/ok')).toHaveLength(1)
  })
})

describe('unusual but unambiguous', () => {
  test.each([
    ['a folded header', 'X: a\r\n b\r\n', '\r\n'],
    ['bare line feeds', 'X: 1\n', '\n'],
  ])('%s: refused, or forwarded as exactly one clean request', async (_, header, end) => {
    await start()
    const socket = await dial(gateway.port)
    socket.write(
      `GET http://api.example.test/one HTTP/1.1\r\nHost: api.example.test\r\n${CLOSE}${header}${end}`,
    )
    const status = statusOf((await readAll(socket)).toString('latin1'))
    socket.destroy()
    expect([200, 400]).toContain(status)
    expect(seen).toHaveLength(status === 200 ? 1 : 0)
    for (const { headers } of seen) expect(String(headers['x'])).not.toMatch(/[\r\n]/)
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
