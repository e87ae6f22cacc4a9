import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Decision } from '../../src/shared/domain/policy.ts'
import {
  ALLOW,
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
  until,
} from './egress-harness.ts'

let echo: Server
let gateway: TestGateway
beforeEach(async () => {
  echo = await echoServer()
})
afterEach(async () => {
  await gateway.close()
  echo.close()
})

const CONNECT = 'CONNECT api.example.test:443 HTTP/1.1\r\nHost: api.example.test:443\r\n\r\n'
const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n'
const SOCKS_HOST = 'api.example.test'
const SOCKS = Buffer.from([
  5,
  1,
  0,
  5,
  1,
  0,
  3,
  SOCKS_HOST.length,
  ...Buffer.from(SOCKS_HOST),
  1,
  187,
])
const SOCKS_OPEN = Buffer.from([5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0])

/** Single bytes and small parts first, then as much as the connection takes. */
async function sendInBursts(peer: Socket, payload: Buffer): Promise<void> {
  peer.on('error', () => undefined)
  let at = 0
  for (const size of [1, 1, 100, 4096, 1, 70_000, 1, 1_000_000]) {
    peer.write(payload.subarray(at, (at += size)))
    await sleep(3)
  }
  peer.end(payload.subarray(at))
}

const PROTOCOLS = [
  { name: 'CONNECT', open: Buffer.from(CONNECT), opened: Buffer.from(ESTABLISHED) },
  { name: 'SOCKS5', open: SOCKS, opened: SOCKS_OPEN },
] as const

/** A decision the test gives when it likes. */
function heldDecision(): { decide: () => Promise<Decision>; give: (decision: Decision) => void } {
  let give: (decision: Decision) => void = () => undefined
  const promise = new Promise<Decision>((resolve) => {
    give = resolve
  })
  return { decide: () => promise, give }
}

describe.each(PROTOCOLS)('$name', ({ open, opened }) => {
  test('carries bytes both ways, whole, and counts them', async () => {
    gateway = await startGateway({ hosts: { 'api.example.test': echo } })
    const payload = randomBytes(8 * 1024 * 1024)
    const socket = await dial(gateway.port)
    socket.write(open)
    socket.end(payload)
    const answer = await readAll(socket)
    expect(answer.subarray(0, opened.length)).toEqual(opened)
    expect(answer.subarray(opened.length).equals(payload)).toBe(true)
    await until(() => gateway.factsOf('net/closed').length === 1, 'the tunnel closed')
    expect(gateway.facts.map((fact) => fact.type)).toEqual([
      ...['net/requested', 'net/decided', 'net/opened', 'net/carried', 'net/closed'],
    ])
    expect(gateway.factsOf('net/closed')).toMatchObject([
      { bytesUp: payload.length, bytesDown: payload.length },
    ])
  })

  test('a reader that pauses gets every byte in order, of reads of every size', async () => {
    const payload = randomBytes(24 * 1024 * 1024)
    const sender = await listen(createServer((peer) => void sendInBursts(peer, payload)))
    gateway = await startGateway({ hosts: { 'api.example.test': sender } })
    const socket = await dial(gateway.port)
    socket.write(open)
    let got = Buffer.alloc(0)
    for await (const part of socket) {
      if (!Buffer.isBuffer(part)) throw new Error('no bytes')
      got = Buffer.concat([got, part])
      if (got.length % 7 === 0) await sleep(5)
    }
    expect(got.subarray(opened.length).equals(payload)).toBe(true)
    sender.close()
  })

  test('waits for the answer, then opens', async () => {
    const { decide, give } = heldDecision()
    gateway = await startGateway({ hosts: { 'api.example.test': echo }, decide })
    const socket = await dial(gateway.port)
    socket.write(open)
    await until(() => gateway.asked.length === 1, 'somebody was asked')
    // What the client sends early is kept for the destination.
    socket.write('early')
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(gateway.facts.map((fact) => fact.type)).toEqual(['net/requested'])
    give(ALLOW)
    const answer = await readAll(socket, (bytes) => bytes.includes('early'))
    expect(answer.subarray(0, opened.length)).toEqual(opened)
    socket.destroy()
  })

  test('a client that hangs up withdraws its question, and nothing is dialled', async () => {
    let gone: AbortSignal | null = null
    gateway = await startGateway({
      hosts: { 'api.example.test': echo },
      decide: (request) => {
        gone = request.gone
        return new Promise(() => undefined)
      },
    })
    const socket = await dial(gateway.port)
    socket.write(open)
    await until(() => gone !== null, 'somebody was asked')
    socket.destroy()
    await until(() => gone?.aborted === true, 'the question was withdrawn')
    await until(() => gateway.facts.length === 2, 'the connection was settled')
    expect(gateway.factsOf('net/decided')).toMatchObject([
      { decision: { action: 'deny', by: { kind: 'default' } } },
    ])
  })

  test('a fault in the decision denies', async () => {
    gateway = await startGateway({
      hosts: { 'api.example.test': echo },
      decide: () => {
        throw new Error('broken')
      },
    })
    const socket = await dial(gateway.port)
    socket.write(open)
    expect((await readAll(socket)).subarray(0, opened.length)).not.toEqual(opened)
    expect(gateway.factsOf('net/decided')).toMatchObject([{ decision: { action: 'deny' } }])
  })

  test('a cut ends the live connection at once, and only what matches', async () => {
    gateway = await startGateway({ hosts: { 'api.example.test': echo } })
    const socket = await dial(gateway.port)
    socket.write(open)
    await readAll(socket, (bytes) => bytes.length >= opened.length)
    expect(gateway.handle.cut(({ host }) => host === 'other.example')).toBe(0)
    const closed = once(socket, 'close')
    expect(
      gateway.handle.cut(({ host, port }) => host === 'api.example.test' && port === 443),
    ).toBe(1)
    socket.resume()
    socket.end()
    await closed
    expect(gateway.factsOf('net/closed')).toHaveLength(1)
    expect(gateway.handle.cut(() => true)).toBe(0)
  })

  test('closing the gateway ends what is open and what waits', async () => {
    const { decide } = heldDecision()
    gateway = await startGateway({
      hosts: { 'api.example.test': echo },
      decide: (request) => (request.destination.port === 443 ? Promise.resolve(ALLOW) : decide()),
    })
    const [live, waiting] = await Promise.all([dial(gateway.port), dial(gateway.port)])
    live.write(open)
    await readAll(live, (bytes) => bytes.length >= opened.length)
    waiting.write('CONNECT api.example.test:80 HTTP/1.1\r\nHost: api.example.test:80\r\n\r\n')
    await until(() => gateway.asked.length === 2, 'both were asked about')
    const ends = [live, waiting].map((socket) => readAll(socket))
    await gateway.close()
    await Promise.all(ends)
    expect(gateway.factsOf('net/closed')).toHaveLength(1)
    expect(gateway.factsOf('net/decided')).toHaveLength(2)
    live.destroy()
    waiting.destroy()
  })

  test('a server that ends first still gets the rest of what the client sends', async () => {
    let received = ''
    const server = await listen(
      createServer({ allowHalfOpen: true }, (socket) => {
        socket.end('bye')
        socket.on('data', (chunk) => {
          received += chunk.toString()
        })
      }),
    )
    gateway = await startGateway({ hosts: { 'api.example.test': server } })
    const socket = await dial(gateway.port)
    socket.write(open)
    expect((await readAll(socket)).subarray(opened.length).toString()).toBe('bye')
    socket.end('and more')
    await until(() => received === 'and more', 'the rest arrived')
    await until(() => gateway.factsOf('net/closed').length === 1, 'the tunnel closed')
    server.close()
  })

  test('a tunnel on which nothing moves is closed', async () => {
    gateway = await startGateway({
      hosts: { 'api.example.test': echo },
      limits: { idleMs: 100 },
    })
    const socket = await dial(gateway.port)
    socket.write(open)
    await readAll(socket)
    socket.destroy()
    await until(() => gateway.factsOf('net/closed').length === 1, 'the tunnel closed')
  })

  test('a slow reader holds the sender back', async () => {
    let sent = 0
    const server = await listen(
      createServer((socket) => {
        const chunk = Buffer.alloc(64 * 1024)
        const pump = (): void => {
          while (sent < 256 * 1024 * 1024) {
            sent += chunk.length
            if (!socket.write(chunk)) return void socket.once('drain', pump)
          }
        }
        socket.on('error', () => undefined)
        pump()
      }),
    )
    gateway = await startGateway({ hosts: { 'api.example.test': server } })
    const socket = await dial(gateway.port)
    socket.write(open)
    socket.once('data', () => socket.pause())
    await until(() => sent > 0, 'the server sends')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const settled = sent
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(sent).toBe(settled)
    expect(sent).toBeLessThan(64 * 1024 * 1024)
    socket.destroy()
    server.close()
  })
})

describe('what a refused client gets', () => {
  test('over CONNECT: who refused what, in words and in a header', async () => {
    gateway = await startGateway({ decide: () => Promise.resolve(DENY) })
    const answer = await exchange(gateway.port, CONNECT)
    expect(answer).toContain('HTTP/1.1 403 ')
    expect(answer).toContain('X-Cloche-Decision: deny; by=rule; rule=rul_00000001\r\n')
    expect(answer.split('\r\n\r\n')[1]).toContain('api.example.test:443')
  })

  test('over SOCKS5: not allowed by ruleset', async () => {
    gateway = await startGateway({ decide: () => Promise.resolve(DENY) })
    const answer = Buffer.from(await exchange(gateway.port, SOCKS), 'latin1')
    expect([...answer.subarray(0, 4)]).toEqual([5, 0, 5, 2])
  })

  test('when the destination does not answer', async () => {
    const closed = await echoServer()
    gateway = await startGateway({ hosts: { 'api.example.test': closed } })
    closed.close()
    expect(statusOf(await exchange(gateway.port, CONNECT))).toBe(502)
    const answer = Buffer.from(await exchange(gateway.port, SOCKS), 'latin1')
    expect([...answer.subarray(0, 4)]).toEqual([5, 0, 5, 5])
    expect(gateway.factsOf('net/failed')).toHaveLength(2)
  })

  test('when the name does not exist', async () => {
    const missing = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    gateway = await startGateway({ resolve: () => Promise.reject(missing) })
    expect(statusOf(await exchange(gateway.port, CONNECT))).toBe(502)
    const answer = Buffer.from(await exchange(gateway.port, SOCKS), 'latin1')
    expect([...answer.subarray(0, 4)]).toEqual([5, 0, 5, 4])
  })

  test('when too many wait already', async () => {
    gateway = await startGateway({
      decide: () => new Promise(() => undefined),
      limits: { held: 1 },
    })
    const socket = await dial(gateway.port)
    socket.write(CONNECT)
    await until(() => gateway.asked.length === 1, 'the first waits')
    expect(statusOf(await exchange(gateway.port, CONNECT))).toBe(403)
    expect(gateway.asked).toHaveLength(1)
    socket.destroy()
  })
})

describe('a damaged SOCKS handshake', () => {
  test.each([
    ['BIND', [5, 1, 0, 5, 2, 0, 1, 192, 0, 2, 1, 1, 187], [5, 0, 5, 7]],
    ['UDP ASSOCIATE', [5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0], [5, 0, 5, 7]],
    ['an unknown address type', [5, 1, 0, 5, 1, 0, 9, 1, 1], [5, 0, 5, 8]],
    ['a password only', [5, 1, 2], [5, 255]],
    ['NUL in the name', [5, 1, 0, 5, 1, 0, 3, 5, 97, 0, 46, 98, 99, 1, 187], [5, 0, 5, 1]],
  ])('%s is refused and seen', async (_, bytes, start) => {
    gateway = await startGateway({ hosts: { 'api.example.test': echo } })
    const answer = Buffer.from(await exchange(gateway.port, Buffer.from(bytes)), 'latin1')
    expect([...answer.subarray(0, start.length)]).toEqual(start)
    await until(() => gateway.facts.length > 0, 'it was reported')
    expect(gateway.facts.map((fact) => fact.type)).toEqual(['net/malformed'])
    const control = await dial(gateway.port)
    control.write(SOCKS)
    const opened = await readAll(control, (all) => all.length >= SOCKS_OPEN.length)
    expect(opened).toEqual(SOCKS_OPEN)
    control.destroy()
  })

  test('a greeting that never ends is cut', async () => {
    gateway = await startGateway({ limits: { headMs: 100 } })
    const socket = await dial(gateway.port)
    socket.write(Buffer.from([5]))
    expect((await readAll(socket)).length).toBe(0)
    socket.destroy()
  })
})

test('a silent client is cut', async () => {
  gateway = await startGateway({ limits: { headMs: 100 } })
  const socket = await dial(gateway.port)
  const startedAtMs = performance.now()
  await readAll(socket)
  expect(performance.now() - startedAtMs).toBeLessThan(3_000)
  expect(portOf(echo)).toBeGreaterThan(0)
  socket.destroy()
})
