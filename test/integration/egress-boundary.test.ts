import { connect, createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readOwnPorts } from '../../src/main/egress/own-ports.ts'
import type { RuleId } from '../../src/shared/domain/ids.ts'
import {
  DENY,
  dial,
  echoServer,
  exchange,
  listen,
  portOf,
  readAll,
  startGateway,
  statusOf,
  type TestGateway,
} from './egress-harness.ts'

// The host's own control port, and everything else of this machine, must stay out of reach of a
// sandbox, whatever the rules and the people say: in these tests everything is allowed.

let control: Server
let reached: number
let gateway: TestGateway

beforeEach(async () => {
  reached = 0
  control = await listen(
    createServer((socket) => {
      reached++
      socket.end('control')
    }),
    '::',
  )
})
afterEach(async () => {
  await gateway.close()
  control.close()
})

const connectTo = (authority: string): string =>
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`

function socksTo(host: string, port: number): Buffer {
  const name = Buffer.from(host)
  return Buffer.from([5, 1, 0, 5, 1, 0, 3, name.length, ...name, port >> 8, port & 0xff])
}

const lanAddresses = Object.values(networkInterfaces())
  .flatMap((items) => items ?? [])
  .filter((item) => !item.internal && item.family === 'IPv4')
  .map((item) => item.address)

test('the control port can be reached from the machine itself (positive control)', async () => {
  gateway = await startGateway()
  for (const host of ['127.0.0.1', ...lanAddresses]) {
    const before = reached
    const socket = await dial(portOf(control), host)
    expect((await readAll(socket)).toString(), host).toBe('control')
    expect(reached).toBe(before + 1)
  }
})

test('an allowed, mapped name passes (positive control)', async () => {
  const echo = await echoServer()
  gateway = await startGateway({ hosts: { 'api.example.test': echo } })
  const answer = await exchangeTunnel(connectTo('api.example.test:443'))
  expect(answer).toBe('HTTP/1.1 200 Connection Established\r\n\r\nping')
  echo.close()
})

async function exchangeTunnel(head: string): Promise<string> {
  const socket = await dial(gateway.port)
  socket.write(`${head}`)
  socket.once('data', () => socket.write('ping'))
  const answer = await readAll(socket, (bytes) => bytes.includes('ping'))
  socket.destroy()
  return answer.toString()
}

describe('a service of this machine, by its own name', () => {
  const NAME = 'host.cloche.internal'

  test('is reached at the port that was allowed', async () => {
    gateway = await startGateway()
    const port = portOf(control)
    const answer = await exchange(gateway.port, connectTo(`${NAME}:${port}`))
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\ncontrol$/s)
    expect(gateway.asked).toEqual([{ host: NAME, port, protocol: 'connect' }])
    expect(reached).toBe(1)
  })

  test('is not reached when it is denied, nor at ports of Cloche itself', async () => {
    const port = portOf(control)
    gateway = await startGateway({ decide: () => Promise.resolve(DENY) })
    expect(statusOf(await exchange(gateway.port, connectTo(`${NAME}:${port}`)))).toBe(403)
    await gateway.close()
    gateway = await startGateway({ ownPorts: [port] })
    const answer = await exchange(gateway.port, connectTo(`${NAME}:${port}`))
    expect(answer).toMatch(/^HTTP\/1\.1 403 .*belongs to Cloche itself/s)
    expect(gateway.asked).toEqual([])
    expect(reached).toBe(0)
  })

  test('what this process listens on is among the ports of Cloche itself', () => {
    const port = portOf(control)
    expect(readOwnPorts().has(port)).toBe(true)
    expect(readOwnPorts().has(port === 65_535 ? 1 : port + 1)).toBe(false)
  })
})

describe('refused although everything is allowed', () => {
  const spellings = [
    ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0', '0.0.0.0'],
    ...['127.255.255.254', 'localhost', 'LOCALHOST.', 'api.localhost', '[::1]', '[::]'],
    ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::127.0.0.1]', '[::127.0.0.1]'],
    ...['169.254.169.254', '[fd00:ec2::254]', '100.100.100.200', 'metadata.google.internal'],
    ...['169.254.1.2', '224.0.0.1', '255.255.255.255', '[fe80::1]', '[2002:7f00:1::]'],
    ...lanAddresses,
  ]

  test.each(spellings)('CONNECT and plain HTTP to %s', async (host) => {
    gateway = await startGateway()
    const port = portOf(control)
    const answers = [
      await exchange(gateway.port, connectTo(`${host}:${port}`)),
      await exchange(
        gateway.port,
        `GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n\r\n`,
      ),
    ]
    expect(answers.map(statusOf)).toEqual([403, 403])
    expect(
      answers.filter((answer) => /x-cloche-decision: deny; by=boundary/i.test(answer)),
    ).toHaveLength(2)
    expect(gateway.asked).toEqual([])
    expect(gateway.factsOf('net/decided').map(({ decision }) => decision.by.kind)).toEqual([
      'boundary',
      'boundary',
    ])
    expect(reached).toBe(0)
  })

  test.each([
    ...['127.0.0.1', '127.1', '2130706433', '0x7f.1', '①②⑦.0.0.1', '127。0。0。1', '::1'],
    ...['::ffff:127.0.0.1', 'localhost', 'localhost.', '0', ...lanAddresses],
  ])('SOCKS5 to %s', async (host) => {
    gateway = await startGateway()
    const socket = await dial(gateway.port)
    socket.write(socksTo(host, portOf(control)))
    expect([...(await readAll(socket))].slice(0, 4)).toEqual([5, 0, 5, 2])
    expect(gateway.asked).toEqual([])
    expect(reached).toBe(0)
  })

  const resolved: readonly (readonly [string, string])[] = [
    ['loopback', '127.0.0.1'],
    ['IPv6 loopback', '::1'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['metadata', '169.254.169.254'],
    ['link-local', 'fe80::1'],
    ['unspecified', '0.0.0.0'],
    ...lanAddresses.map((address) => ["the machine's own address", address] as const),
  ]

  test.each(resolved)('a name that resolves to %s', async (_, address) => {
    gateway = await startGateway({ resolve: () => Promise.resolve([address]) })
    const answer = await exchange(gateway.port, connectTo(`evil.example:${portOf(control)}`))
    expect(statusOf(answer)).toBe(403)
    expect(gateway.factsOf('net/decided')).toMatchObject([
      { decision: { action: 'deny', by: { kind: 'boundary' } } },
    ])
    expect(reached).toBe(0)
  })

  test('a name with one public and one forbidden address', async () => {
    gateway = await startGateway({ resolve: () => Promise.resolve(['192.0.2.1', '127.0.0.1']) })
    const answer = await exchange(gateway.port, connectTo(`evil.example:${portOf(control)}`))
    expect(statusOf(answer)).toBe(403)
  })
})

test('a name is resolved once, after it is allowed: what is checked is what is dialled', async () => {
  const echo = await echoServer()
  const answers = [['203.0.113.1'], ['127.0.0.1']]
  const lookups: string[] = []
  gateway = await startGateway({
    hosts: { 'mapped.example.test': echo },
    resolve: (host) => {
      lookups.push(host)
      return Promise.resolve(answers[lookups.length - 1] ?? [])
    },
  })
  // `rebind.example` first resolves to the mapped server's address, then would to loopback.
  expect(await exchangeTunnel(connectTo(`rebind.example:${portOf(control)}`))).toContain('ping')
  expect(lookups).toEqual(['rebind.example'])
  expect(reached).toBe(0)
  echo.close()
})

test('a denied name is never looked up', async () => {
  const lookups: string[] = []
  gateway = await startGateway({
    decide: () => Promise.resolve({ action: 'deny', by: { kind: 'timeout' } }),
    resolve: (host) => {
      lookups.push(host)
      return Promise.resolve(['192.0.2.1'])
    },
  })
  expect(statusOf(await exchange(gateway.port, connectTo('secret-in-a-name.example:443')))).toBe(
    403,
  )
  expect(gateway.asked).toHaveLength(1)
  expect(lookups).toEqual([])
})

describe('a private address', () => {
  const toPrivate = { resolve: () => Promise.resolve(['10.99.99.99']) }

  test('behind an allowed name is decided again as itself', async () => {
    gateway = await startGateway({
      ...toPrivate,
      decide: ({ destination }) =>
        Promise.resolve(
          destination.host === 'intranet.example'
            ? { action: 'allow', by: { kind: 'person', lifetime: 'once' } }
            : { action: 'deny', by: { kind: 'timeout' } },
        ),
    })
    expect(statusOf(await exchange(gateway.port, connectTo('intranet.example:443')))).toBe(403)
    expect(gateway.asked.map(({ host }) => host)).toEqual(['intranet.example', '10.99.99.99'])
    expect(gateway.factsOf('net/decided')).toMatchObject([
      { decision: { action: 'deny', by: { kind: 'timeout' } } },
    ])
  })

  test('that a rule allows leaves a person’s word for its name as it was', async () => {
    const echo = await echoServer()
    gateway = await startGateway({
      ...toPrivate,
      dial: () => connect({ host: '127.0.0.1', port: portOf(echo), allowHalfOpen: true }),
      decide: ({ destination }) =>
        Promise.resolve({
          action: 'allow',
          by:
            destination.host === 'intranet.example'
              ? { kind: 'person', lifetime: 'once' }
              : { kind: 'rule', ruleId: 'rul_00000002' as RuleId },
        }),
    })
    expect(await exchangeTunnel(connectTo('intranet.example:443'))).toContain('ping')
    // Not asked a third time when it shows what the tunnel carries.
    expect(gateway.asked.map(({ host }) => host)).toEqual(['intranet.example', '10.99.99.99'])
    echo.close()
  })

  test('is dialled once it is allowed itself', async () => {
    const echo = await echoServer()
    const dialled: (readonly string[])[] = []
    gateway = await startGateway({
      resolve: () => Promise.resolve(['10.99.99.99', '10.99.99.98']),
      dial: (addresses) => {
        dialled.push(addresses)
        return connect({ host: '127.0.0.1', port: portOf(echo), allowHalfOpen: true })
      },
    })
    expect(await exchangeTunnel(connectTo('intranet.example:443'))).toContain('ping')
    expect(gateway.asked.map(({ host }) => host)).toEqual(['intranet.example', '10.99.99.99'])
    expect(dialled).toEqual([['10.99.99.99']])
    echo.close()
  })
})
