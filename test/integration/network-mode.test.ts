import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NetworkMode } from '../../src/shared/domain/network-mode.ts'
import type { Session } from '../../src/shared/domain/session.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, outputOf, pendingPrompts, startTestHost, type TestHost } from '../helpers/host.ts'
import { shellSpec } from '../helpers/spec.ts'

let host: TestHost
let server: Server
let connection: Connection
const sockets = new Set<Socket>()

beforeEach(async () => {
  // Answers each connection and keeps it.
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes'))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`
  host = await startTestHost({ hosts: { 'one.example.test': at, 'two.example.test': at } })
  connection = await host.connect()
})
afterEach(async () => {
  await host.dispose()
  for (const socket of sockets) socket.destroy()
  server.close()
})

/** Reads a host's name from the terminal, and says what a request to it came to. */
const ASKING = `sh -c 'while read -r name; do case $name in
  hold) curl -sS --no-buffer --max-time 60 telnet://one.example.test:80 </dev/zero >/dev/null 2>&1; echo "held ended";;
  *) curl -sS --max-time 20 -o /dev/null -w "$name %{http_code} ended" "http://$name/" 2>&1; echo;; esac; done'`

async function start(more: object = {}): Promise<Session> {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, ASKING),
    ...more,
  })
  if (!created.ok) throw failure(created.error)
  return created.value
}

function typing({ id }: Session) {
  const terminal = connection.openTerminal(
    id,
    { cols: 200, rows: 30 },
    {
      screen: () => undefined,
      output: (offset, bytes) => terminal.drawn(offset + bytes.length),
      resized: () => undefined,
      closed: () => undefined,
    },
  )
  /** What the `n`th request to it came to. */
  return async (name: string, n = 1, code = 200): Promise<void> => {
    terminal.write(Buffer.from(`${name}\r`))
    await expect
      .poll(async () => (await outputOf(connection, id)).split(`${name} ${code} ended`).length - 1)
      .toBe(n)
  }
}

const set = async ({ id }: Session, mode: NetworkMode, forMs: number | null = null) => {
  const done = await connection.api.session.setNetwork({ id, mode, forMs })
  if (!done.ok) throw new Error(done.error.type)
}

// Not run for machines: the gateway decides, and what a machine's line does with a cut is in test/machines/line.test.ts.
test('each mode is in force for the next connection, and what waits is decided by it', async () => {
  const session = await start({ grants: ['one.example.test'] })
  const { state } = follow(connection, session.id)
  const pending = pendingPrompts(connection)
  const asks = typing(session)
  await asks('one.example.test')
  const axis = () => state().session?.axes.find((item) => item.axis === 'network')
  expect(axis()?.proven).toBe('enforced')

  // It waits; opening answers it.
  const answered = asks('two.example.test')
  await expect.poll(() => pending.list.length).toBe(1)
  await set(session, 'open')
  await answered
  expect(pending.list).toEqual([])
  expect(axis()).toMatchObject({ requested: 'open', proven: 'open' })
  expect([...state().network.values()].at(-1)?.decision).toEqual({
    action: 'allow',
    by: { kind: 'default', reason: 'the network of this session is open' },
  })

  // Closed is closed, also for what a rule allows.
  await set(session, 'closed')
  expect(axis()).toMatchObject({ requested: 'enforced', proven: 'enforced' })
  for (const name of ['one', 'two']) await asks(`${name}.example.test`, 1, 403)
  expect(pending.list).toEqual([])
  const reasons = [...state().network.values()].map(({ decision }) => decision)
  expect(reasons.at(-1)).toMatchObject({ action: 'deny', by: { kind: 'default' } })

  await set(session, 'listed')
  await asks('one.example.test', 2)
  const told = state().session?.networkNow
  expect(told).toEqual({ mode: 'listed', untilMs: null })
  const { entries } = await connection.api.audit.read({ words: 'network/switched', before: null })
  expect(entries.map(({ fact }) => fact.type === 'network/switched' && fact.mode)).toEqual([
    ...['listed', 'closed', 'open'],
  ])
}, 120_000)

test('open for a time goes back by itself, and what only that allowed is cut', async () => {
  const session = await start({ network: 'deny' })
  const { state } = follow(connection, session.id)
  const asks = typing(session)
  await set(session, 'open', 10_000)
  const { networkNow } = state().session!
  expect(networkNow?.mode).toBe('open')
  expect(networkNow!.untilMs! - Date.now()).toBeGreaterThan(500)
  await asks('two.example.test')
  const terminal = typing(session)
  void terminal('hold').catch(() => undefined)
  const held = () => [...state().network.values()].filter((entry) => entry.state === 'open').length
  await expect.poll(held).toBe(1)
  await expect
    .poll(() => state().session?.networkNow)
    .toEqual({
      ...{ mode: 'listed', untilMs: null },
    })
  await expect.poll(held).toBe(0)
  const axis = () => state().session?.axes.find((item) => item.axis === 'network')
  await expect.poll(() => axis()?.proven).toBe('enforced')
  await expect.poll(() => outputOf(connection, session.id)).toContain('held ended')
  await asks('two.example.test', 1, 403)
}, 120_000)

test('an ended session and one without a boundary say so', async () => {
  const session = await start()
  await connection.api.session.stop({ id: session.id })
  expect(
    await connection.api.session.setNetwork({ id: session.id, mode: 'open', forMs: null }),
  ).toEqual({ ok: false, error: { type: 'not_live' } })
  const free = await start({ level: 'unconfined', acknowledgement: 'unconfined' })
  expect(
    await connection.api.session.setNetwork({ id: free.id, mode: 'closed', forMs: null }),
  ).toEqual({ ok: false, error: { type: 'not_confined' } })
})
