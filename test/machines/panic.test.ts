import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { failure } from '../helpers/failure.ts'
import { follow, outputOf, startTestHost } from '../helpers/host.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'
import { programsWith } from './other-init.ts'

const test = requireCapability('bubblewrap', 'machines', 'gcc')
test('a panic of its kernel ends the session in words, and leaves nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloche-panic-'))
  // In the machine's own memory.
  const host = await startTestHost({
    entries: await programsWith(folder, 'panicking-init.c', '/tmp/now'),
  })
  try {
    const connection = await host.connect()
    await writeFile(
      join(host.workspace, 'script'),
      'echo up; until [ -e go ]; do sleep 0.1; done; : >/tmp/now; sleep 600',
    )
    const created = await connection.api.session.create(shellSpec(host.workspace, 'sh script'))
    if (!created.ok) throw failure(created.error)
    const { id } = created.value
    const { state } = follow(connection, id)
    await expect.poll(() => outputOf(connection, id)).toContain('up')
    const [pid] = await machines(host.home)
    expect(existsSync(`/proc/${pid}`)).toBe(true)
    await writeFile(join(host.workspace, 'go'), '')
    // Until it has: a program in an emulated machine takes its time. From then on, none is lost.
    await expect.poll(() => machines(host.home)).toEqual([])
    await expect.poll(() => state().session?.status, { timeout: 5000 }).toBe('ended')
    expect(state().session?.exit).toEqual({ kind: 'exited', code: 125 })
    expect(await outputOf(connection, id)).toMatch(
      /The virtual machine ended by itself\.\s+Its kernel panicked: sysrq triggered crash\.\s+$/,
    )
    expect((await readdir(tmpdir())).filter((name) => name.startsWith(OWN))).toEqual([])
  } finally {
    await host.dispose()
    await rm(folder, { recursive: true, force: true })
  }
})

/** Folders of sessions that this process starts. */
const OWN = `cloche-session-${process.pid}.`

/** Of QEMU, for this host: what it shares lies in folders that the test made. */
async function machines(home: string): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (/^[^\0]*qemu-system/.test(line) && line.includes(`path=${home},`)) found.push(Number(name))
  }
  return found
}
