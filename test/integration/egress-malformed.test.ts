import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  dial,
  exchange,
  httpServer,
  readAll,
  startGateway,
  statusOf,
  type TestGateway,
  until,
} from './egress-harness.ts'

// Requests that two readers could understand differently, or that no client should send. The
// verdict is what reached the server and what anybody was asked.

let seen: Pick<IncomingMessage, 'url' | 'headers'>[]
let api: HttpServer
let gateway: TestGateway

beforeEach(async () => {
  seen = []
  api = await httpServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers })
    response.end()
  })
  gateway = await startGateway({ hosts: { 'api.example.test': api } })
})
afterEach(async () => {
  await gateway.close()
  api.closeAllConnections()
  api.close()
})

const CLOSE = 'Connection: close\r\n'
const OK = `GET http://api.example.test/ok HTTP/1.1\r\nHost: api.example.test\r\n${CLOSE}\r\n`

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
    const socket = await dial(gateway.port)
    socket.write(Buffer.from(request + HIDDEN, 'latin1'))
    const answer = await readAll(socket, (bytes) => bytes.includes('\r\n\r\n'))
    socket.destroy()
    expect([400, 431]).toContain(statusOf(answer.toString('latin1')))
    await until(() => gateway.factsOf('net/malformed').length > 0, 'it was reported')
    expect(gateway.asked.filter(({ host }) => host !== 'api.example.test')).toEqual([])
    expect(seen.filter(({ url }) => url !== '/hidden')).toEqual([])
    // Positive control: the same gateway carries a well-formed request.
    expect(statusOf(await exchange(gateway.port, OK))).toBe(200)
    expect(seen.filter(({ url }) => url === '/ok')).toHaveLength(1)
  })
})

describe('unusual but unambiguous', () => {
  test.each([
    ['a folded header', 'X: a\r\n b\r\n', '\r\n'],
    ['bare line feeds', 'X: 1\n', '\n'],
  ])('%s: refused, or forwarded as exactly one clean request', async (_, header, end) => {
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
