import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { RuleDraft } from '../../src/shared/domain/policy.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, pendingPrompts, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'
import { listen, portOf } from './egress-harness.ts'

const test = requireCapability('bubblewrap')
const HOST = 'api.example.test'

let host: TestHost
let connection: Connection
let server: Server
/** Connections that arrived outside and have not ended. */
let open: Set<Socket>
let arrived: number

beforeEach(async () => {
  open = new Set()
  arrived = 0
  server = await listen(
    createServer((socket) => {
      arrived++
      open.add(socket)
      socket.on('error', () => undefined).on('close', () => open.delete(socket))
      socket.resume()
    }),
  )
  host = await startTestHost({ hosts: { [HOST]: `127.0.0.1:${portOf(server)}` } })
  connection = await host.connect()
})
afterEach(async () => {
  await host.dispose()
  for (const socket of open) socket.destroy()
  server.close()
})

const rule = (part: Partial<RuleDraft>): RuleDraft => ({
  ...{ replaces: null, action: 'allow', host: HOST, port: null, scheme: null },
  ...{ scope: { kind: 'everywhere' }, forMs: null, origin: 'user' },
  ...part,
})
async function save(part: Partial<RuleDraft>) {
  const saved = await connection.api.rule.save(rule(part))
  if (!saved.ok) throw failure(saved.error)
  return saved.value
}

/** A program that keeps a connection open, and makes it anew when it is ended. */
const HOLD = `
  while true; do
    exec 3<>/dev/tcp/127.0.0.1/3128
    printf 'CONNECT ${HOST}:7 HTTP/1.1\\r\\nHost: ${HOST}:7\\r\\n\\r\\nx' >&3
    cat <&3 >/dev/null
    exec 3>&-
    sleep 0.1
  done`

async function run(script: string) {
  const path = join(host.workspace, 'script.sh')
  await writeFile(path, script)
  const created = await connection.api.session.create(
    shellSpec(host.workspace, `/bin/bash ${path}`),
  )
  if (!created.ok) throw failure(created.error)
  return follow(connection, created.value.id)
}

// Not run for machines: the gateway decides, and what a machine's line does with a cut is in test/machines/line.test.ts.
describe('a rule by hand', () => {
  test('lets through what waits, and what it no longer covers is cut', async () => {
    const pending = pendingPrompts(connection)
    await run(HOLD)
    await expect.poll(() => pending.list.length).toBe(1)
    expect(arrived).toBe(0)
    const allowed = await save({})
    await expect.poll(() => open.size).toBe(1)
    expect(pending.list).toEqual([])

    // Another port: the connection is not covered any more, and is asked about again.
    await save({ replaces: allowed.id, port: 8443 })
    await expect.poll(() => open.size, { timeout: 1000 }).toBe(0)
    await expect.poll(() => pending.list.length).toBe(1)

    await save({ replaces: allowed.id })
    await expect.poll(() => open.size).toBe(1)
    await save({ action: 'ask' })
    await expect.poll(() => open.size, { timeout: 1000 }).toBe(0)
    await expect.poll(() => pending.list.length).toBe(1)
  })

  test('for a range denies names that lead into it, also those that are connected', async () => {
    const session = await run(HOLD)
    await save({})
    await expect.poll(() => open.size).toBe(1)
    // Where the test's name resolves to.
    const denied = await save({ action: 'deny', host: '203.0.113.0/24' })
    await expect.poll(() => open.size, { timeout: 1000 }).toBe(0)
    const before = arrived
    const refused = () =>
      [...session.state().network.values()].filter(
        ({ decision }) => decision?.by.kind === 'rule' && decision.by.ruleId === denied.id,
      )
    await expect.poll(() => refused().length).toBeGreaterThan(1)
    expect(arrived).toBe(before)
    await connection.api.rule.remove({ id: denied.id })
    await expect.poll(() => open.size).toBe(1)
  })

  test('says how many attempts it would have covered, and why one is none', async () => {
    const session = await run(HOLD)
    await save({})
    await expect.poll(() => session.state().network.size).toBe(1)
    expect(await connection.api.rule.reach(rule({ port: 7 }))).toEqual({ ok: true, value: 1 })
    expect(await connection.api.rule.reach(rule({ port: 8 }))).toEqual({ ok: true, value: 0 })
    expect(await connection.api.rule.save(rule({ host: '*.co.uk' }))).toMatchObject({
      ...{ ok: false, error: { type: 'rule_refused' } },
    })
    expect(await connection.api.rule.save(rule({ host: 'not a host' }))).toMatchObject({
      ok: false,
    })
  })

  test('ends by itself, and what it allowed with it', async () => {
    await run(HOLD)
    await save({ forMs: 2000 })
    await expect.poll(() => open.size).toBe(1)
    await expect.poll(() => open.size, { timeout: 4000 }).toBe(0)
  })
})
