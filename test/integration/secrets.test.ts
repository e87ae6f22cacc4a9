import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import type { VariableGrant } from '../../src/shared/domain/variables.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { filesHolding } from '../helpers/holding.ts'
import { LEVEL, notInVm } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

const test = requireCapability('bubblewrap')
const SECRET = 'tok-4f9a1c77e2-do-not-record'

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
  await connection.api.variable.keep({ name: 'API_TOKEN', value: SECRET })
})
afterEach(() => host.dispose())

const GRANT: VariableGrant = { name: 'API_TOKEN', source: 'kept', isSecret: true }

async function run(script: string, variables: VariableGrant[]) {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, `/bin/bash -c ${JSON.stringify(script)}`),
    variables,
  })
  if (!created.ok) throw failure(created.error)
  const seen = follow(connection, created.value.id)
  return { id: created.value.id, seen }
}

/** Processes of this machine whose command line or environment holds the text. */
async function showing(file: 'cmdline' | 'environ', text: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc'))
    if (/^\d+$/.test(pid) && Number(pid) !== process.pid) {
      const content = await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
      if (content.includes(text)) found.push(content.split('\0')[0] ?? pid)
    }
  return found
}

describe('a variable let into a session', () => {
  notInVm(test, 'it is seen to arrive below')(
    'arrives inside; without the grant it is not there',
    async () => {
      const script = `test "$API_TOKEN" = ${SECRET.split('').reverse().join('')} ; echo "length \${#API_TOKEN}" >length; sleep 0.2`
      const { seen } = await run(script, [GRANT])
      await expect.poll(() => seen.state().session?.status).toBe('ended')
      expect(await readFile(join(host.workspace, 'length'), 'utf8')).toBe(
        `length ${SECRET.length}\n`,
      )
      const without = await run(script, [])
      await expect.poll(() => without.seen.state().session?.status).toBe('ended')
      expect(await readFile(join(host.workspace, 'length'), 'utf8')).toBe('length 0\n')
    },
  )

  test('is on no command line, in no file, and in no environment but the program’s own', async () => {
    const { id, seen } = await run('echo ready; sleep 60', [GRANT])
    await expect.poll(() => seen.state().terminalBytes).toBeGreaterThan(4)
    expect(await showing('cmdline', SECRET)).toEqual([])
    const having = await showing('environ', SECRET)
    // That of a machine's program is nowhere on this one.
    if (LEVEL === 'vm') expect(having).toEqual([])
    else expect(having.length).toBeGreaterThan(0)
    // bubblewrap itself, the sandbox's first process, must not have it.
    const root = seen.events.map(({ fact }) => fact).find((fact) => fact.type === 'session/started')
    if (root?.type !== 'session/started') throw new Error('not started')
    expect(await readFile(`/proc/${root.rootPid}/environ`, 'utf8')).not.toContain(SECRET)
    expect(await filesHolding(host.dataDir, SECRET)).toEqual([])
    expect(JSON.stringify(seen.state().session?.policy)).not.toContain(SECRET)
    expect(JSON.stringify(seen.state().session?.policy)).toContain('read the variable API_TOKEN')
    await connection.api.session.stop({ id })
  })

  test('is seen by who watches, and blotted out of everything that is kept', async () => {
    const { id, seen } = await run(
      `sleep 0.3; printf '%s' "\${API_TOKEN:0:9}"; printf '%s\\n' "\${API_TOKEN:9}"; /bin/sleep 0.7 "$API_TOKEN" 2>/dev/null; sh -c 'sleep 0.7; : $0' "$API_TOKEN"; sleep 0.5`,
      [GRANT],
    )
    let live = ''
    const view = connection.openTerminal(
      id,
      { cols: 120, rows: 32 },
      {
        screen: (_offset, _size, bytes) => {
          live += Buffer.from(bytes).toString()
        },
        output: (_offset, bytes) => {
          live += Buffer.from(bytes).toString()
        },
        resized: () => undefined,
        closed: () => undefined,
      },
    )
    await expect.poll(() => live).toContain(SECRET)
    await expect
      .poll(() => seen.events.some(({ fact }) => JSON.stringify(fact).includes('sleep 0.7; : $0')))
      .toBe(true)
    await expect.poll(() => seen.state().session?.status).toBe('ended')
    view.close()
    expect(JSON.stringify(seen.events)).not.toContain(SECRET)
    const recording = Buffer.from(await connection.readRecording(id, 0))
    expect(recording.includes('*'.repeat(SECRET.length))).toBe(true)
    expect(await filesHolding(host.dataDir, SECRET)).toEqual([])
  })

  test('that is refused or unknown starts nothing', async () => {
    const spec = shellSpec(host.workspace, 'true')
    expect(
      await connection.api.session.create({
        ...spec,
        variables: [{ name: 'LD_PRELOAD', source: 'machine', isSecret: false }],
      }),
    ).toMatchObject({ ok: false, error: { type: 'variable_refused', name: 'LD_PRELOAD' } })
    expect(
      await connection.api.session.create({
        ...spec,
        variables: [{ name: 'NOT_THERE', source: 'kept', isSecret: true }],
      }),
    ).toMatchObject({ ok: false, error: { type: 'variable_missing', name: 'NOT_THERE' } })
  })
})
