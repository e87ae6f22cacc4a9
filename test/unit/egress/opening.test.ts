import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { classify } from '../../../src/main/egress/opening.ts'

/** The first bytes a real client sends. */
async function helloOf(start: (port: number) => void): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const arrived = once(server, 'connection')
  start((server.address() as AddressInfo).port)
  const [socket] = await arrived
  const [bytes] = await once(socket, 'data')
  socket.destroy()
  server.close()
  return bytes
}

const node = (options: object) => (port: number) =>
  void connect({ host: '127.0.0.1', port, ...options }).on('error', () => undefined)
const openssl =
  (...args: string[]) =>
  (port: number) =>
    void execFile(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${port}`, ...args],
      () => undefined,
    )

const hellos: { name: string | null; bytes: Buffer }[] = []
beforeAll(async () => {
  hellos.push(
    { name: 'a.example', bytes: await helloOf(node({ servername: 'a.example' })) },
    { name: null, bytes: await helloOf(node({ servername: '' })) },
    {
      name: 'old.example',
      bytes: await helloOf(
        node({
          servername: 'old.example',
          maxVersion: 'TLSv1.2',
          ALPNProtocols: ['h2', 'http/1.1'],
        }),
      ),
    },
    { name: 'b.example', bytes: await helloOf(openssl('-servername', 'b.example')) },
    { name: null, bytes: await helloOf(openssl('-noservername')) },
  )
})

/** The same message cut into records of these sizes. */
function recut(bytes: Buffer, sizes: readonly number[]): Buffer {
  const message = bytes.subarray(5)
  const records: Buffer[] = []
  for (let at = 0, i = 0; at < message.length; i++) {
    const size = Math.min(sizes[i % sizes.length] ?? message.length, message.length - at)
    const head = Buffer.from([22, 3, 1, size >> 8, size & 255])
    records.push(head, message.subarray(at, at + size))
    at += size
  }
  return Buffer.concat(records)
}

describe('a hello', () => {
  test('of real clients is read whole', () => {
    for (const { name, bytes } of hellos) expect(classify(bytes)).toEqual({ kind: 'tls', name })
  })

  test('is waited for at every byte, and never taken for anything else', () => {
    for (const { name, bytes } of hellos) {
      for (let end = 1; end < bytes.length; end++)
        expect(classify(bytes.subarray(0, end))).toBeNull()
      expect(classify(Buffer.concat([bytes, Buffer.from('more')]))).toEqual({ kind: 'tls', name })
    }
  })

  test('may be cut into records anywhere', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
        (which, sizes) => {
          const { name, bytes } = hellos[which] ?? { name: null, bytes: Buffer.alloc(0) }
          expect(classify(recut(bytes, sizes))).toEqual({ kind: 'tls', name })
        },
      ),
    )
  })

  test('that was changed never shows another name than a server could read', () => {
    const [first] = hellos
    if (!first) throw new Error('no hello')
    const at = first.bytes.indexOf('a.example')
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: first.bytes.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (place, value) => {
          fc.pre(place < at || place >= at + 'a.example'.length)
          const bytes = Buffer.from(first.bytes)
          bytes[place] = value
          const opening = classify(bytes)
          // The length of the name is one of the bytes: then it is another, and still what it says.
          if (opening?.kind === 'tls' && opening.name !== null)
            expect(first.bytes.toString('latin1')).toContain(opening.name)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['another message', [22, 3, 1, 0, 4, 2, 0, 0, 0]],
    ['an empty record', [22, 3, 1, 0, 0]],
    ['a record that is too long', [22, 3, 1, 0xff, 0xff, 1]],
    ['a hello that is too long', [22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]],
    ['an alert in between', [22, 3, 1, 0, 1, 1, 21, 3, 1, 0, 2]],
    ['nothing in it', [22, 3, 1, 0, 4, 1, 0, 0, 0]],
  ])('with %s is damaged', (_what, bytes) => {
    expect(classify(Buffer.from(bytes))).toMatchObject({ kind: 'damaged' })
  })

  test('that names two hosts is damaged', () => {
    const [first] = hellos
    if (!first) throw new Error('no hello')
    const list = (names: string[]): Buffer =>
      Buffer.concat(
        names.map((name) => Buffer.from(`\0\0${String.fromCharCode(name.length)}${name}`)),
      )
    const hello = (names: string[]): Buffer => {
      const entries = list(names)
      const content = Buffer.concat([Buffer.from([0, entries.length]), entries])
      const extension = Buffer.concat([Buffer.from([0, 0, 0, content.length]), content])
      const head = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32), Buffer.from([0])])
      const rest = Buffer.concat([
        Buffer.from([0, 2, 0x13, 1, 1, 0, 0, extension.length]),
        extension,
      ])
      const body = Buffer.concat([head, rest])
      const message = Buffer.concat([Buffer.from([1, 0, 0, body.length]), body])
      return Buffer.concat([Buffer.from([22, 3, 1, 0, message.length]), message])
    }
    expect(classify(hello(['a.example']))).toEqual({ kind: 'tls', name: 'a.example' })
    expect(classify(hello(['a.example', 'b.example']))).toMatchObject({ kind: 'damaged' })
  })
})

describe('what else a tunnel begins with', () => {
  test.each([
    ['GET / HTTP/1.1\r\n', 'http'],
    ['GET / HTTP/1.1', 'http'],
    ['PROPFIND /x HTTP/1.0\n', 'http'],
    ['CONNECT a.example:443 HTTP/1.1\r\n', 'http'],
    // As tolerant servers read it.
    ['\r\n\r\nGET / HTTP/1.1\r\n', 'http'],
    ['get  /\tHTTP/1.1\r\n', 'http'],
    ['M-SEARCH * HTTP/1.1\r\n', 'http'],
    // Those that wait for an answer to a line that has no end.
    ['AMQP\0\0\x09\x01', 'other'],
    ['JDWP-Handshake', 'other'],
    ['GET / raw', 'other'],
    ['GETTING', 'other'],
    ['GET /old\r\n', 'other'],
    ['PRI * HTTP/2.0\r\n', 'other'],
    ['NICK somebody\r\n', 'other'],
    ['SSH-2.0-OpenSSH\r\n', 'other'],
    ['\0\0\0\x08', 'other'],
    ['\x16\x02', 'other'],
    [`GET /${'e'.repeat(9000)}`, 'other'],
    [' '.repeat(9000), 'other'],
  ])('%j', (text, kind) => expect(classify(Buffer.from(text, 'latin1'))).toEqual({ kind }))

  test.each(['', 'G', 'GET', 'GET ', 'GET /', 'GET / ', 'GET / HTTP', '\r\n'])(
    '%j may still become something',
    (text) => expect(classify(Buffer.from(text))).toBeNull(),
  )

  test('bytes of any kind are answered', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        classify(Buffer.from(bytes))
      }),
    )
  })
})
