import { resolve } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { outputOf, startTestHost, type TestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('a container engine')
/** As their users install them. */
const AGENTS = resolve(import.meta.dirname, '../fixtures/agents/node_modules/.bin')

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost({ env: { PATH: `${AGENTS}:${process.env.PATH}` } })
  connection = await host.connect()
})
afterEach(() => host.dispose())

test.each([
  ['codex', 'WelcometoCodex'],
  ['claude-code', 'WelcometoClaudeCode'],
] as const)('%s draws its first screen in a container', async (agent, words) => {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, ''),
    ...{ agent, command: null, level: 'container' },
  })
  if (!created.ok) throw failure(created.error)
  const { id } = created.value
  const text = async (): Promise<string> =>
    (await outputOf(connection, id)).replaceAll(/\x1b\[[0-9;?<>=]*[A-Za-z]|\s/g, '')
  await expect.poll(text).toContain(words)
  await connection.api.session.stop({ id })
})
