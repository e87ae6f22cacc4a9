import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('a container engine')

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

/** Says in the workspace behind which wall it runs: only one of them has a folder of ours. */
const WHERE = `sh -c 'test -d /.cloche && echo container >where || echo os >where; sleep 60'`
const where = (): Promise<string> => readFile(join(host.workspace, 'where'), 'utf8').catch(() => '')

async function startAt(level: 'os' | 'container') {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, WHERE),
    level,
  })
  if (!created.ok) throw failure(created.error)
  await expect.poll(where).toBe(`${level}\n`)
  return created.value
}

test.each([
  ['os', 'container'],
  ['container', 'os'],
] as const)('a session moves from %s to %s, and is proven there', async (from, to) => {
  const first = await startAt(from)
  const old = follow(connection, first.id)
  const moved = await connection.api.session.restart({ id: first.id, changes: { level: to } })
  if (!moved.ok) throw failure(moved.error)
  expect(moved.value).toMatchObject({ continues: first.id, spec: { level: to } })
  const seen = follow(connection, moved.value.id)
  await expect.poll(where).toBe(`${to}\n`)
  await expect
    .poll(() => seen.state().session?.axes.map(({ proven }) => proven))
    .toEqual(Array(4).fill('enforced'))
  await expect.poll(() => old.state().session?.status).toBe('ended')
})

test('where the other wall cannot be had, nothing is stopped', async () => {
  await host.dispose()
  host = await startTestHost({ env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } })
  connection = await host.connect()
  const { id } = await startAt('os')
  const moved = await connection.api.session.restart({ id, changes: { level: 'container' } })
  expect(moved).toMatchObject({
    ok: false,
    error: { type: 'backend_unavailable', level: 'container' },
  })
  expect(follow(connection, id).state().session?.status ?? 'running').toBe('running')
  const probed = await connection.api.session.probe({ id })
  expect(probed.ok).toBe(true)
})
