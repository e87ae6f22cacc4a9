import { writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Session } from '../../src/shared/domain/session.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap', 'python3')

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

/** Says who it is before it is spoken to, then echoes; on IPv6 or IPv4 loopback only. */
const SERVER = `
import socket, sys, threading
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
server = socket.socket(family)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen()
def serve(client):
    client.sendall(b'inside\\n')
    while True:
        data = client.recv(65536)
        if not data: break
        client.sendall(data)
    client.close()
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
`

async function startServer(address: string, port: number): Promise<Session> {
  await writeFile(join(host.workspace, 'server.py'), SERVER)
  const created = await connection.api.session.create(
    shellSpec(host.workspace, `/usr/bin/python3 server.py ${address} ${port}`),
  )
  if (!created.ok) throw failure(created.error)
  const { id } = created.value
  await expect
    .poll(async () => (await connection.api.port.list({ id })).ok && (await listed(id)))
    .toContainEqual({ port, localPort: null })
  return created.value
}

async function listed(id: Session['id']) {
  const ports = await connection.api.port.list({ id })
  if (!ports.ok) throw new Error(ports.error.type)
  return ports.value
}

/** Everything a client on this machine got until it was closed, after it said `text`. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = ''
    const socket = connect({ host: '127.0.0.1', port })
    socket.setTimeout(20_000, () =>
      socket.destroy(new Error(`no end after ${JSON.stringify(got)}`)),
    )
    socket.on('error', reject)
    socket.on('data', (data: Buffer) => {
      got += data.toString()
    })
    socket.on('end', () => resolve(got))
    socket.end(text)
  })
}

// Not run for machines: test/machines/machine.test.ts reaches a server in one, and all else is of the host's end.
test.each(['127.0.0.1', '::1'])(
  'a server inside on %s is reached only when opened',
  async (address) => {
    const { id } = await startServer(address, 5199)
    await expect(talk(5199, '')).rejects.toThrow(/ECONNREFUSED/)
    const opened = await connection.api.port.open({ id, port: 5199 })
    expect(opened).toEqual({ ok: true, value: { localPort: 5199 } })
    expect(await listed(id)).toEqual([{ port: 5199, localPort: 5199 }])
    const long = 'x'.repeat(1_000_000)
    expect(await talk(5199, long)).toBe(`inside\n${long}`)
    const many = await Promise.all(Array.from({ length: 50 }, (_, n) => talk(5199, `${n}`)))
    expect(many).toEqual(many.map((_, n) => `inside\n${n}`))

    await connection.api.port.close({ id, port: 5199 })
    await expect(talk(5199, '')).rejects.toThrow(/ECONNREFUSED/)
  },
)

test('where the number is taken another leads there; the end of the session closes it', async () => {
  const taken = createServer((socket) => socket.end('outside\n'))
  await new Promise<void>((done) => taken.listen(5199, '127.0.0.1', done))
  try {
    const { id } = await startServer('127.0.0.1', 5199)
    const opened = await connection.api.port.open({ id, port: 5199 })
    if (!opened.ok) throw new Error(opened.error.type)
    const { localPort } = opened.value
    expect(localPort).not.toBe(5199)
    expect(await talk(localPort, 'a')).toBe('inside\na')
    expect(await talk(5199, 'a')).toBe('outside\n')
    const seen = follow(connection, id)
    await connection.api.session.stop({ id })
    await expect(talk(localPort, '')).rejects.toThrow(/ECONNREFUSED/)
    await expect
      .poll(() => seen.events.map(({ fact }) => fact.type))
      .toEqual(expect.arrayContaining(['port/opened', 'port/closed']))
  } finally {
    taken.close()
  }
})

test('a port nobody listens on ends the connection, and the next one works', async () => {
  const { id } = await startServer('127.0.0.1', 5199)
  const opened = await connection.api.port.open({ id, port: 6000 })
  if (!opened.ok) throw new Error(opened.error.type)
  expect(await talk(opened.value.localPort, '').catch((cause: unknown) => String(cause))).toMatch(
    /^$|ECONNRESET/,
  )
  await connection.api.port.open({ id, port: 5199 })
  expect(await talk(5199, 'a')).toBe('inside\na')
})
