import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('a container engine', 'an engine that may be killed')

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

test('an engine that is killed and comes back: the session goes on, and its terminal with it', async () => {
  const wish = process.env.CLOCHE_TEST_ENGINE_RESTART ?? ''
  const script =
    'echo before >&2; while ! read -r line; do sleep 0.1; done; echo "after $line"; touch ended'
  const created = await connection.api.session.create(
    shellSpec(host.workspace, `bash -c '${script}'`),
  )
  if (!created.ok) throw failure(created.error)
  const { id } = created.value
  const followed = follow(connection, id)
  const text = (): Promise<string> => outputOf(connection, id)
  await expect.poll(text).toContain('before')

  await writeFile(wish, '')
  await expect.poll(() => existsSync(wish)).toBe(false)
  expect(followed.state().session?.status).toBe('running')
  // Nothing of the boundary depended on the engine.
  const probed = await connection.api.session.probe({ id })
  if (!probed.ok) throw new Error(probed.error.type)
  expect(probed.value.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))

  const ignore = (): void => undefined
  const terminal = connection.openTerminal(
    id,
    { cols: 80, rows: 24 },
    { screen: ignore, output: ignore, resized: ignore, closed: ignore },
  )
  await expect
    .poll(
      () => {
        if (followed.state().session?.status === 'running') terminal.write(Buffer.from('typed\r'))
        return existsSync(join(host.workspace, 'ended'))
      },
      { interval: 1000 },
    )
    .toBe(true)
  await expect.poll(() => followed.state().session?.status).toBe('ended')
  expect(await text()).toContain('after typed')
  expect(followed.state().session?.exit).toMatchObject({ code: 0 })
  expect(await readFile(join(host.workspace, 'ended'), 'utf8')).toBe('')
})
