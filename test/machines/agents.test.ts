import { resolve } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap', 'machines')
/** As their users install them. */
const AGENTS = resolve(import.meta.dirname, '../fixtures/agents/node_modules/.bin')

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost({ env: { PATH: `${AGENTS}:${process.env.PATH}` } })
  connection = await host.connect()
})
afterEach(() => host.dispose())

test('Claude Code draws its first screen in a virtual machine', async () => {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, ''),
    ...{ agent: 'claude-code', command: null },
  })
  if (!created.ok) throw failure(created.error)
  const { id } = created.value
  const text = async (): Promise<string> =>
    (await outputOf(connection, id)).replaceAll(/\x1b\[[0-9;?<>=]*[A-Za-z]|\s/g, '')
  // An emulated processor takes half a minute for it where nothing else runs.
  await expect.poll(text, { timeout: 160_000 }).toContain('WelcometoClaudeCode')
  await connection.api.session.stop({ id })
})
