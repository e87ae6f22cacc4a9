import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { expect } from 'vitest'
import { failure } from '../helpers/failure.ts'
import { startTestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'
import { programsWith } from './other-init.ts'

const test = requireCapability('bubblewrap', 'machines', 'gcc', 'python3')
const FIXTURE = resolve(import.meta.dirname, '../fixtures/unified-groups.ts')
const MIB = 2 ** 20
const FROZEN = { isFrozen: true, written: 0, isThawed: true }

/** As one file that node takes. */
async function bundle(outDir: string): Promise<string> {
  await build({
    ...{ configFile: false, logLevel: 'error' },
    ssr: { noExternal: true },
    build: {
      ...{ ssr: FIXTURE, outDir, emptyOutDir: false },
      rolldownOptions: { output: { format: 'es', entryFileNames: 'run.mjs' } },
    },
  })
  return join(outDir, 'run.mjs')
}

test('a kernel with control groups of version 2 alone holds what a session is given', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloche-groups-'))
  const host = await startTestHost({
    entries: await programsWith(folder, 'second-root.c', '/tmp/go'),
  })
  try {
    const connection = await host.connect()
    const program = await bundle(host.workspace)
    const result = join(host.workspace, 'result')
    await writeFile(
      join(host.workspace, 'as-root'),
      `exec '${process.execPath}' '${program}' '${result}' 2>'${host.workspace}/errors'\n`,
    )
    const created = await connection.api.session.create(
      shellSpec(host.workspace, `sh -c 'cp as-root /tmp/part && mv /tmp/part /tmp/go; sleep 600'`),
    )
    if (!created.ok) throw failure(created.error)
    const said = () => (existsSync(result) ? readFile(result, 'utf8') : '')
    await expect.poll(said, { timeout: 150_000, interval: 100 }).toMatch(/\}$/)
    const found = JSON.parse(await said())
    const slice = { version: 2, folder: '/tmp/groups/user' }
    expect(found).toEqual({
      // One group can hold all of it: a process is in one only.
      homes: { cpu: slice, memory: slice, pids: slice },
      foreign: 0,
      held: { 'cpu.max': '40000 100000', 'memory.max': String(96 * MIB), 'pids.max': '12' },
      means: ['cpu cgroup2', 'memory cgroup2', 'processes cgroup2', 'disk '],
      eaten: '137',
      alive: expect.any(Number),
      throttled: expect.any(Number),
      reached: ['memory', 'processes'],
      ...{ frozen: FROZEN, frozenWithoutLimits: FROZEN, frozenWithLater: FROZEN },
      changed: { isDone: true, pids: '30', cpu: 'max 100000' },
      ...{ left: ['service'], swept: ['service'] },
    })
    expect(found.alive).toBeGreaterThan(5)
    expect(found.alive).toBeLessThan(12)
    expect(found.throttled).toBeGreaterThan(0)
  } finally {
    await host.dispose()
    await rm(folder, { recursive: true, force: true })
  }
})
