import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SessionSpec } from '../../src/shared/domain/session.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { shellSpec } from '../helpers/spec.ts'

let host: TestHost
let server: Server
let connection: Connection

beforeEach(async () => {
  server = createServer((_request, response) => response.end('reached\n'))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`
  host = await startTestHost({ hosts: { 'one.example.test': at, 'two.example.test': at } })
  connection = await host.connect()
})
afterEach(async () => {
  await host.dispose()
  server.close()
})

async function write(text: string): Promise<void> {
  await mkdir(join(host.workspace, '.cloche'), { recursive: true })
  await writeFile(join(host.workspace, '.cloche/policy.jsonc'), text)
}

async function run(command: string, more: Partial<SessionSpec> = {}) {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `sh -c '${command}'`),
    ...more,
  })
  if (!created.ok) throw failure(created.error)
  const { state } = follow(connection, created.value.id)
  await expect.poll(() => state().session?.status).toBe('ended')
  return { session: created.value, text: await outputOf(connection, created.value.id) }
}

const ASK = (name: string) =>
  `curl -sS --max-time 10 -w " %{http_code}" http://${name}.example.test/`

test('a session is held to the policy of its folder, and widened only when that is trusted', async () => {
  await writeFile(join(host.workspace, 'private.txt'), 'private words\n')
  await write(`{
    // What everybody who works here wants.
    "network": "listed",
    "allow": ["one.example.test"],
    "deny": ["two.example.test"],
    "files": [{ "path": "private.txt", "access": "mask" }],
  }`)
  const script = `cat private.txt; ${ASK('one')}; ${ASK('two')}`
  const first = await run(script, { grants: ['two.example.test'] })
  expect(first.text).not.toContain('private words')
  // Neither: the one is not trusted to be let in, the other is denied whatever a person grants.
  expect(first.text.match(/ 403/g)).toHaveLength(2)
  expect(first.session.policy?.sentences).toContainEqual({
    ...{ axis: 'network', kind: 'cannot', origin: 'person' },
    text: 'reach two.example.test, whatever else allows it',
  })
  expect(first.session.governed).toMatchObject({
    ...{ isTrusted: false, held: ['Reached unasked: one.example.test'] },
    applied: ['Network: listed', 'Never reached: two.example.test', 'private.txt: mask'],
  })

  const found = await connection.api.policy.look({ workspace: host.workspace })
  const { hash } = found!
  const trusted = await connection.api.policy.trust({ workspace: host.workspace, hash })
  expect(trusted).toEqual({ ok: true, value: null })
  await host.restart()
  connection = await host.connect()
  const second = await run(script)
  expect(second.text).toContain('reached')
  expect(second.text).toContain(' 200')
  expect(second.text.match(/ 403/g)).toHaveLength(1)

  // What the file let in was never asked for by the person: it goes with the trust.
  await connection.api.policy.forget({ workspace: host.workspace })
  const { id } = second.session
  const third = await connection.api.session.restart({ id, changes: {} })
  if (!third.ok) throw failure(third.error)
  expect([second.session.spec.grants, third.value.spec.grants]).toEqual([['one.example.test'], []])
})

test('the policy cannot be changed from inside, and closed is closed', async () => {
  await write('{ "network": "closed" }')
  const { text, session } = await run(
    `echo "{}" > .cloche/policy.jsonc; rm -r .cloche; mv .cloche elsewhere; ${ASK('one')}`,
    { grants: ['one.example.test'] },
  )
  expect(text).toContain(' 403')
  expect(session.spec.network).toBe('closed')
  expect(await readFile(join(host.workspace, '.cloche/policy.jsonc'), 'utf8')).toBe(
    '{ "network": "closed" }',
  )
})

test('where there is none, an agent cannot leave one behind', async () => {
  await run('mkdir .cloche; echo "{ \\"allow\\": [] }" > .cloche/policy.jsonc; true')
  expect(await connection.api.policy.look({ workspace: host.workspace })).toBeNull()
})

test('one that cannot be used starts nothing, and is seen before', async () => {
  await write('{\n  "network": "listed",\n  "alow": ["a.example"]\n}')
  const created = await connection.api.session.create(shellSpec(host.workspace, 'true'))
  const where = { line: 3, key: 'alow', reason: 'there is no such key' }
  expect(created).toEqual({
    ok: false,
    error: { type: 'policy_refused', path: '.cloche/policy.jsonc', ...where },
  })
  const found = await connection.api.policy.look({ workspace: host.workspace })
  expect(found).toMatchObject({ policy: null, problem: where })
  const { hash } = found!
  expect(await connection.api.policy.trust({ workspace: host.workspace, hash })).toMatchObject({
    error: { type: 'changed' },
  })
})
