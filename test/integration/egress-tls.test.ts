import { describe, expect, test } from 'vitest'
import { DENY, readAll, type TestGatewayOptions, until } from './egress-harness.ts'
import { ask, BY_RULE, GET, handshake, setUpSecureHosts } from './secure-hosts.ts'

const hosts = setUpSecureHosts()

describe('TLS that is looked into', () => {
  const inspected = (options: TestGatewayOptions = {}): Promise<void> =>
    hosts.start({ inspects: true, looksInside: () => true, ...options })

  test('is read, and goes on over TLS to the host itself, one connection for many requests', async () => {
    await inspected()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    expect(await handshake(stream)).toBe(true)
    expect(stream.getPeerCertificate().issuer.CN).toBe('Cloche session authority')
    expect(stream.getPeerCertificate().subjectaltname).toBe('DNS:secure.example.test')
    expect(await ask(stream, GET('/a?key=1'))).toContain('hello')
    const post = 'POST /b HTTP/1.1\r\nHost: secure.example.test\r\nContent-Length: 4\r\n\r\nbody'
    expect(await ask(stream, post)).toContain('hello')
    expect(hosts.seen.map(({ line, body }) => [line, body])).toEqual([
      ['GET /a?key=1', ''],
      ['POST /b', 'body'],
    ])
    expect(new Set(hosts.seen.map(({ socket }) => socket)).size).toBe(1)
    await until(() => hosts.gateway.factsOf('net/exchange').length === 2, 'both were told of')
    expect(hosts.gateway.factsOf('net/exchange').map(({ exchange }) => exchange)).toMatchObject([
      { method: 'GET', path: '/a', status: 200 },
      { method: 'POST', path: '/b', status: 200, bytesUp: 4 },
    ])
    expect(hosts.gateway.factsOf('net/carried')).toMatchObject([
      { carries: 'tls', isInspected: true },
    ])
    stream.destroy()
    await until(() => hosts.gateway.factsOf('net/closed').length === 1, 'it closed')
  })

  test('ends inside when the host ends it outside', async () => {
    await inspected()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    await ask(stream, GET('/a'))
    hosts.seen[0]?.socket.destroy()
    expect((await readAll(stream)).toString()).toBe('')
  })

  test('is not for programs that do not trust this session', async () => {
    await inspected()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test', {
      ca: hosts.other.cert,
    })
    expect(await handshake(stream)).toBe(false)
    await until(() => hosts.gateway.factsOf('net/refused').length === 1, 'it was told of')
    expect(hosts.gateway.factsOf('net/refused')[0]?.reason).toContain('exempt the host')
    expect(hosts.handshakes).toEqual([])
  })

  test.each<[string, object, RegExp]>([
    ['whose certificate is for another', {}, /its certificate is for another host/],
    [
      'that asks for a certificate of the client',
      { requestCert: true, rejectUnauthorized: true },
      /exempt it from being looked into|could not be understood|reset/,
    ],
  ])('refuses a host %s', async (what, options, words) => {
    const wrong = what.includes('another') ? hosts.other : hosts.certificate
    const server = await hosts.secureServer({ ...wrong, ...options })
    await hosts.use({
      hosts: { 'secure.example.test': server },
      ...{ inspects: true, looksInside: () => true },
      trusted: hosts.certificate.cert + hosts.other.cert,
    })
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    const answer = await ask(stream, GET('/a'))
    expect(answer).toContain('502 Bad Gateway')
    expect(answer).toMatch(words)
    expect(hosts.seen).toEqual([])
    stream.destroy()
  })

  test('refuses a host this machine does not trust', async () => {
    await inspected({ trusted: '' })
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    expect(await ask(stream, GET('/a'))).toContain('this machine does not trust its certificate')
    expect(hosts.seen).toEqual([])
    stream.destroy()
  })

  test('lets an upgrade pass', async () => {
    await inspected()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    stream.write(GET('/socket', 'secure.example.test', 'Connection: Upgrade\r\nUpgrade: echo\r\n'))
    await readAll(stream, (bytes) => bytes.includes('101 Switching Protocols'))
    stream.write('over and out')
    expect((await readAll(stream, (bytes) => bytes.includes('out'))).toString()).toBe(
      'over and out',
    )
    expect(hosts.seen.map(({ line }) => line)).toEqual(['UPGRADE /socket'])
    stream.destroy()
  })

  test('asks for no hosts.other host than its TLS did', async () => {
    await inspected()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    expect(await ask(stream, GET('/a', 'other.example.test'))).toContain('400 Bad Request')
    expect(hosts.seen).toEqual([])
    stream.destroy()
  })

  test('is decided request by request, and a person is asked about the request', async () => {
    const requests: unknown[] = []
    await inspected({
      decide: (request) => {
        if (request.known?.request) requests.push(request.known.request)
        return Promise.resolve(request.known?.request?.method === 'POST' ? DENY : BY_RULE)
      },
      ruled: (_destination, _requester, known) =>
        known?.request && known.request.method !== 'GET' ? 'ask' : BY_RULE,
    })
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    expect(await ask(stream, GET('/a'))).toContain('200 OK')
    const send = (method: string): Promise<string> =>
      ask(stream, `${method} /b HTTP/1.1\r\nHost: secure.example.test\r\nContent-Length: 0\r\n\r\n`)
    expect(await send('POST')).toContain('403 Forbidden')
    expect(await send('PUT')).toContain('200 OK')
    expect(requests).toEqual([
      { method: 'POST', path: '/b' },
      { method: 'PUT', path: '/b' },
    ])
    expect(hosts.seen.map(({ line }) => line)).toEqual(['GET /a', 'PUT /b'])
    expect(hosts.gateway.factsOf('net/exchange')[1]?.exchange).toMatchObject({
      ...{ method: 'POST', status: 403 },
      refusal: expect.stringContaining('refused'),
    })
    stream.destroy()
  })
})

describe('a value only the gateway knows', () => {
  const VALUE = 'sk-real-0123456789abcdefghij'
  const PLACEHOLDER = 'sk-XXXXXXXXXXXXXXXXXXXXXXXXX'
  const standIns = [
    { name: 'API_KEY', placeholder: PLACEHOLDER, value: VALUE, hosts: ['secure.example.test'] },
  ]
  const begin = (options: TestGatewayOptions = {}): Promise<void> =>
    hosts.start({ inspects: true, looksInside: () => true, standIns, ...options })
  const facts = (): string => JSON.stringify(hosts.gateway.facts)

  test('is put in for its host, and is blotted out of what comes back', async () => {
    await begin()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    const answer = await ask(
      stream,
      GET('/a', 'secure.example.test', `Authorization: Bearer ${PLACEHOLDER}\r\n`),
    )
    expect(hosts.seen[0]?.headers).toContain(`Bearer ${VALUE}`)
    expect(answer).toContain('200 OK')
    expect(answer).toContain(`hello Bearer ${'*'.repeat(VALUE.length)}`)
    expect(answer).not.toContain(VALUE)
    await until(() => hosts.gateway.factsOf('net/exchange').length === 1, 'it was told of')
    expect(hosts.gateway.factsOf('net/exchange')[0]?.exchange.standIns).toEqual(['API_KEY'])
    expect(facts()).not.toContain(VALUE)
    stream.destroy()
  })

  test('is put in where git hides it', async () => {
    await begin()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    const basic = (password: string): string =>
      `Basic ${Buffer.from(`token:${password}`).toString('base64')}`
    const header = `Authorization: ${basic(PLACEHOLDER)}\r\n`
    const answer = await ask(stream, GET('/a', 'secure.example.test', header))
    expect(hosts.seen[0]?.headers).toContain(basic(VALUE))
    expect(answer).not.toContain(basic(VALUE).slice(6))
    stream.destroy()
  })

  test('stays out of what has none of it', async () => {
    await begin()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    expect(await ask(stream, GET('/a'))).toContain('200 OK')
    expect(JSON.stringify(hosts.seen[0]?.headers)).not.toContain(VALUE)
    stream.destroy()
  })

  test('never goes to another host', async () => {
    await begin({ trusted: hosts.certificate.cert + hosts.other.cert, ruled: () => 'ask' })
    const stream = await hosts.secure('other.example.test', 'other.example.test')
    const header = `Authorization: Bearer ${PLACEHOLDER}\r\n`
    const answer = await ask(stream, GET('/a', 'other.example.test', header))
    expect(answer).toContain('403 Forbidden')
    expect(answer).toContain('the value of API_KEY is not meant for this host')
    expect(hosts.seen).toEqual([])
    stream.destroy()
  })

  test('never goes into an address, nor out unencrypted', async () => {
    await begin()
    const stream = await hosts.secure('secure.example.test', 'secure.example.test')
    expect(await ask(stream, GET(`/a?key=${PLACEHOLDER}`))).toContain('403 Forbidden')
    const plain = await hosts.tunnel('secure.example.test', 80)
    const header = `Authorization: Bearer ${PLACEHOLDER}\r\n`
    expect(await ask(plain, GET('/a', 'secure.example.test', header))).toContain('unencrypted')
    expect(hosts.seen).toEqual([])
    for (const socket of [stream, plain]) socket.destroy()
  })
})
