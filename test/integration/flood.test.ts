import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, pendingPrompts, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

// A script that asks for thousands of things at once must not take the host away from a person.

const test = requireCapability('bubblewrap', 'python3')
const ATTEMPTS = 4_000
/** Of as many destinations fewer do: it is about what is beyond the prompts that may wait. */
const DESTINATIONS = 2500
/** Prompts that may wait at a time. */
const HELD = 1024

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

async function run(lines: string) {
  const path = join(host.workspace, 'flood.py')
  await writeFile(
    path,
    `
import socket
held = []
def send(text):
    s = socket.socket()
    s.settimeout(20)
    s.connect(('127.0.0.1', 3128))
    s.sendall(text.encode())
    held.append(s)
    if len(held) > 900: held.pop(0).close()
${lines}
`,
  )
  const created = await connection.api.session.create(
    shellSpec(host.workspace, `/usr/bin/python3 ${path}`),
  )
  if (!created.ok) throw failure(created.error)
  return { id: created.value.id, ...follow(connection, created.value.id) }
}

const typesOf = ({ events }: Awaited<ReturnType<typeof run>>, type: string): number =>
  events.filter(({ fact }) => fact.type === type).length

describe('thousands of attempts', () => {
  test('at one destination are one prompt', async () => {
    const pending = pendingPrompts(connection)
    let most = 0
    const session = await run(`
for i in range(${ATTEMPTS}): send('CONNECT one.example.test:443 HTTP/1.1\\r\\n\\r\\n')
import time; time.sleep(60)`)
    await expect
      .poll(
        () => {
          most = Math.max(most, pending.list.length)
          return typesOf(session, 'net/requested')
        },
        { timeout: 60_000, interval: 100 },
      )
      .toBe(ATTEMPTS)
    expect(most).toBe(1)
    expect(pending.list[0]?.connections.length).toBeGreaterThan(100)
    expect(typesOf(session, 'prompt/raised')).toBeLessThan(50)
    await connection.api.session.stop({ id: session.id })
    expect(pending.list).toEqual([])
  })

  test('at thousands of destinations are bounded, answered with one rule, and the host answers meanwhile', async () => {
    const pending = pendingPrompts(connection)
    const session = await run(`
for i in range(${DESTINATIONS}): send('CONNECT h%d.example.test:443 HTTP/1.1\\r\\n\\r\\n' % i)
import time; time.sleep(60)`)
    const before = process.memoryUsage().heapUsed
    let most = 0
    let asked = 0
    while (typesOf(session, 'net/requested') < DESTINATIONS) {
      most = Math.max(most, pending.list.length)
      // A request of the window in the middle of it.
      expect((await connection.api.system.info(null)).version).toBeTruthy()
      asked++
      await new Promise((done) => setTimeout(done, 50))
    }
    expect(asked).toBeGreaterThan(3)
    expect(most).toBeGreaterThan(100)
    expect(most).toBeLessThanOrEqual(HELD)
    const saved = await connection.api.rule.save({
      ...{ replaces: null, action: 'deny', host: '*.example.test', port: null, scheme: null },
      ...{ scope: { kind: 'session', sessionId: session.id }, forMs: null, origin: 'user' },
    })
    expect(saved.ok).toBe(true)
    await expect.poll(() => pending.list).toEqual([])
    await connection.api.session.stop({ id: session.id })
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(400_000_000)
  })

  test('that are no requests at all are counted, not told one by one', async () => {
    const session = await run(`
for i in range(${ATTEMPTS}): send('nonsense\\r\\n\\r\\n')
import time; time.sleep(2)
send('nonsense\\r\\n\\r\\n')
import time; time.sleep(1)`)
    await expect.poll(() => session.state().session?.status, { timeout: 60_000 }).toBe('ended')
    const told = session.events.flatMap(({ fact }) => (fact.type === 'net/malformed' ? [fact] : []))
    const omitted = told.reduce((sum, fact) => sum + fact.omitted, 0)
    expect(told.length).toBeLessThan(ATTEMPTS / 4)
    expect(told.length + omitted).toBeGreaterThan(ATTEMPTS * 0.9)
  })
})
