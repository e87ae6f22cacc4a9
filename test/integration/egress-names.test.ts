import { createServer as createHttpServer } from 'node:http'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { DENY, dial, echoServer, listen, portOf, readAll, until } from './egress-harness.ts'
import { ask, BY_RULE, GET, handshake, setUpSecureHosts } from './secure-hosts.ts'

const hosts = setUpSecureHosts()

describe('the name a tunnel asks for', () => {
  test('is recorded when it is the one that was decided on', async () => {
    await hosts.start()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    expect(await handshake(stream)).toBe(true)
    expect(await ask(stream, GET('/a'))).toContain('200 OK')
    expect(hosts.gateway.factsOf('net/carried')).toMatchObject([
      { carries: 'tls', name: 'secure.example.test', isInspected: false },
    ])
    expect(hosts.handshakes).toEqual(['secure.example.test'])
    // Nothing in it was read.
    expect(hosts.gateway.factsOf('net/exchange')).toEqual([])
    stream.destroy()
  })

  test('is refused when it is another; the server sees nothing of it', async () => {
    await hosts.start()
    const stream = await hosts.secure('secure.example.test', 'other.example.test')
    expect(await handshake(stream)).toBe(false)
    await until(() => hosts.gateway.factsOf('net/closed').length === 1, 'the tunnel closed')
    expect(hosts.gateway.factsOf('net/refused')).toMatchObject([
      { reason: 'its TLS asks for other.example.test, which is not allowed' },
    ])
    expect(hosts.gateway.factsOf('net/closed')).toMatchObject([{ bytesUp: 0 }])
    expect(hosts.handshakes).toEqual([])
  })

  test('may be another that a rule allows as well', async () => {
    await hosts.start({
      ruled: ({ host }) => (host === 'other.example.test' ? BY_RULE : 'ask'),
    })
    const stream = await hosts.secure('secure.example.test', 'other.example.test')
    expect(await handshake(stream)).toBe(true)
    await until(() => hosts.handshakes.length === 1, 'the server saw it')
    expect(hosts.handshakes).toEqual(['other.example.test'])
    stream.destroy()
  })

  test('is the same in any spelling, and may be left out', async () => {
    await hosts.start()
    const shouting = await hosts.secure('secure.example.test', 'SECURE.Example.Test')
    expect(await handshake(shouting)).toBe(true)
    const silent = await hosts.secure('secure.example.test', '')
    expect(await handshake(silent)).toBe(true)
    expect(hosts.gateway.factsOf('net/carried').map(({ name }) => name)).toEqual([
      'SECURE.Example.Test',
      null,
    ])
    for (const stream of [shouting, silent]) stream.destroy()
  })

  test('behind an address is recorded, and a denied one refused', async () => {
    const server = await hosts.secureServer()
    await hosts.use({
      hosts: { 'secure.example.test': server },
      classify: () => 'public',
      dial: () => dialLocal(server),
      ruled: ({ host }) => (host === 'other.example.test' ? DENY : 'ask'),
    })
    const fine = await hosts.secure('198.51.100.7', 'secure.example.test')
    expect(await handshake(fine)).toBe(true)
    const denied = await hosts.secure('198.51.100.7', 'other.example.test')
    expect(await handshake(denied)).toBe(false)
    expect(hosts.handshakes).toEqual(['secure.example.test'])
    fine.destroy()
  })
})

describe('plain HTTP in a tunnel', () => {
  const lines: string[] = []
  let server: Server
  beforeEach(async () => {
    lines.length = 0
    server = await listen(
      createHttpServer((request, response) => {
        lines.push(`${request.headers.host} ${request.url}`)
        response.end('plain')
      }),
    )
    hosts.own(server)
    await hosts.use({ hosts: { 'plain.example.test': server } })
  })

  test('is read: each request is told of, over one connection', async () => {
    const socket = await hosts.tunnel('plain.example.test', 80)
    expect(await ask(socket, GET('/a?secret=1', 'plain.example.test'))).toContain('plain')
    expect(await ask(socket, GET('/b', 'plain.example.test'))).toContain('plain')
    socket.end()
    await until(() => hosts.gateway.factsOf('net/closed').length === 1, 'the tunnel closed')
    expect(hosts.gateway.factsOf('net/exchange').map(({ exchange }) => exchange)).toMatchObject([
      { method: 'GET', path: '/a', status: 200, refusal: null, bytesDown: 5 },
      { method: 'GET', path: '/b', status: 200, refusal: null, bytesDown: 5 },
    ])
    expect(lines).toEqual(['plain.example.test /a?secret=1', 'plain.example.test /b'])
    expect(hosts.gateway.factsOf('net/opened')).toHaveLength(1)
  })

  test('that asks for another host later is ended', async () => {
    const socket = await hosts.tunnel('plain.example.test', 80)
    await ask(socket, GET('/a', 'plain.example.test'))
    expect(await ask(socket, GET('/b', 'other.example.test'))).toContain('400 Bad Request')
    expect(lines).toEqual(['plain.example.test /a'])
    expect(hosts.gateway.factsOf('net/refused')).toMatchObject([
      { reason: 'its Host header names another host than its request line' },
    ])
  })

  test('is decided request by request where rules speak of requests', async () => {
    await hosts.use({
      hosts: { 'plain.example.test': server },
      decide: (request) => Promise.resolve(request.known?.request ? DENY : BY_RULE),
      ruled: (_destination, _requester, known) =>
        known?.request && known.request.path !== '/open' ? 'ask' : BY_RULE,
    })
    const socket = await hosts.tunnel('plain.example.test', 80)
    expect(await ask(socket, GET('/open', 'plain.example.test'))).toContain('200 OK')
    expect(await ask(socket, GET('/shut', 'plain.example.test'))).toContain('403 Forbidden')
    expect(lines).toEqual(['plain.example.test /open'])
    socket.destroy()
  })
})

test('what was sent before the answer is all there', async () => {
  const echo = await echoServer()
  hosts.own(echo)
  await hosts.use({ hosts: { 'echo.example.test': echo } })
  const socket = await dial(hosts.gateway.port)
  const [first, second, third] = ['\x00first', ' second', ' third'] as const
  socket.write(`CONNECT echo.example.test:7 HTTP/1.1\r\nHost: echo.example.test:7\r\n\r\n${first}`)
  socket.write(second)
  const answer = readAll(socket)
  await until(() => hosts.gateway.factsOf('net/carried').length === 1, 'it is carried')
  socket.end(third)
  expect((await answer).toString()).toMatch(new RegExp(`\r\n\r\n${first}${second}${third}$`))
})

describe('what is neither', () => {
  test('passes, also when the server speaks first', async () => {
    const speaker = await listen(createServer((socket) => void socket.end('220 ready\r\n')))
    const echo = await echoServer()
    hosts.own(speaker)
    hosts.own(echo)
    await hosts.use({
      hosts: { 'mail.example.test': speaker, 'echo.example.test': echo },
    })
    const first = await dial(hosts.gateway.port)
    first.write('CONNECT mail.example.test:25 HTTP/1.1\r\nHost: mail.example.test:25\r\n\r\n')
    expect((await readAll(first)).toString()).toMatch(/\r\n\r\n220 ready\r\n$/)
    const second = await hosts.tunnel('echo.example.test', 7)
    second.end('\x00binary')
    expect((await readAll(second)).toString()).toBe('\x00binary')
    expect(hosts.gateway.factsOf('net/carried').map(({ carries }) => carries)).toEqual([
      'other',
      'other',
    ])
    for (const socket of [first, second]) socket.destroy()
  })

  test('is refused where the rule that allowed it speaks of TLS', async () => {
    const echo = await echoServer()
    hosts.own(echo)
    await hosts.use({
      hosts: { 'echo.example.test': echo },
      decide: () => Promise.resolve(BY_RULE),
      ruled: (_destination, _requester, known) => (known?.carries === 'other' ? DENY : BY_RULE),
    })
    const socket = await hosts.tunnel('echo.example.test', 443)
    socket.write('\x00binary')
    expect((await readAll(socket)).toString()).toBe('')
    expect(hosts.gateway.factsOf('net/refused')[0]?.reason).toMatch(
      /^it carries neither TLS nor HTTP/,
    )
    expect(hosts.gateway.factsOf('net/closed')).toMatchObject([{ bytesUp: 0 }])
  })

  test('that begins as TLS and never goes on is ended', async () => {
    const echo = await echoServer()
    hosts.own(echo)
    await hosts.use({ hosts: { 'echo.example.test': echo }, limits: { headMs: 100 } })
    const socket = await hosts.tunnel('echo.example.test', 443)
    socket.write(Buffer.from([22, 3, 1, 2, 0, 1]))
    await until(() => socket.destroyed, 'it was ended')
    expect(hosts.gateway.factsOf('net/refused')).toMatchObject([
      { reason: 'it never said what it carries' },
    ])
  })
})

function dialLocal(server: Server): Socket {
  return connectTcp({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true })
}
