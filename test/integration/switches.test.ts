import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Limits, NO_LIMITS } from '../../src/shared/domain/limits.ts'
import type { Session, SessionSpec } from '../../src/shared/domain/session.ts'
import type { SpecChanges } from '../../src/shared/domain/spec-changes.ts'
import type { Connection } from '../../src/shared/rpc/client.ts'
import { failure } from '../helpers/failure.ts'
import { follow, startTestHost, type TestHost } from '../helpers/host.ts'
import { LEVEL, notInVm } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { shellSpec } from '../helpers/spec.ts'

let host: TestHost
let connection: Connection
beforeEach(async () => {
  host = await startTestHost()
  connection = await host.connect()
})
afterEach(() => host.dispose())

async function create(command: string, more: Partial<SessionSpec> = {}): Promise<Session> {
  const created = await connection.api.session.create({
    ...shellSpec(host.workspace, command),
    ...more,
  })
  if (!created.ok) throw failure(created.error)
  return created.value
}

async function again({ id }: Session, changes: SpecChanges): Promise<Session> {
  const restarted = await connection.api.session.restart({ id, changes })
  if (!restarted.ok) throw failure(restarted.error)
  return restarted.value
}

/** How it ended, after it was proven. */
async function exitOf(session: Session): Promise<number | null> {
  const { state } = follow(connection, session.id)
  await expect.poll(() => state().session?.status).toBe('ended')
  expect(state().session?.axes.map(({ proven }) => proven)).toEqual(Array(4).fill('enforced'))
  const exit = state().session?.exit
  return exit?.kind === 'exited' ? exit.code : null
}

// Not run for machines: each switch is a new start from a plan, which test/enforcement/file-policy.test.ts proves there;
// their limits change with a new start only (src/main/backends/vm/vm.ts), and test/machines/machine.test.ts looks at those.
describe('a restart with another isolation', () => {
  test('makes the workspace read only, and writable again', async () => {
    const made = join(host.workspace, 'made')
    const first = await create("sh -c 'touch made || exit 7'")
    expect([await exitOf(first), existsSync(made)]).toEqual([0, true])
    await rm(made)
    const narrow = await again(first, { workspace: 'read' })
    expect([await exitOf(narrow), existsSync(made)]).toEqual([7, false])
    expect(narrow.continues).toBe(first.id)
    const changed = follow(connection, narrow.id)
    await expect
      .poll(() => changed.events.map(({ fact }) => fact))
      .toContainEqual({ type: 'isolation/changed', changes: { workspace: 'read' } })
    const wide = await again(narrow, { workspace: 'write' })
    expect([await exitOf(wide), existsSync(made)]).toEqual([0, true])
  })

  test('makes secrets look empty', async () => {
    await writeFile(join(host.workspace, '.env'), 'TOKEN=1\n')
    const first = await create("sh -c 'test -s .env || exit 9'")
    expect(await exitOf(first)).toBe(0)
    expect(await exitOf(await again(first, { maskSecrets: true }))).toBe(9)
  })

  test('that cannot be started stops nothing', async () => {
    const running = await create('sleep 60')
    const { state } = follow(connection, running.id)
    await expect.poll(() => state().session?.status).toBe('running')
    const policy = join(host.workspace, '.cloche/policy.jsonc')
    await mkdir(join(host.workspace, '.cloche'), { recursive: true })
    await writeFile(policy, '{ "no such key": 1 }')
    const { id } = running
    const refused = await connection.api.session.restart({ id, changes: { workspace: 'read' } })
    expect(refused).toMatchObject({ ok: false, error: { type: 'policy_refused' } })
    expect(state().session?.status).toBe('running')
    await rm(policy)
    const restarted = await again(running, { workspace: 'read' })
    expect(state().session?.status).toBe('ended')
    await connection.api.session.stop({ id: restarted.id })
  })
})

/** Starts as many as it can up to 80 that sleep, once for each number that is asked for. */
const COUNTER = `
import os, signal, time
for turn in ("1", "2"):
    while not os.path.exists("go" + turn): time.sleep(0.05)
    children = []
    try:
        while len(children) < 80:
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            children.append(pid)
    except OSError: pass
    open("alive" + turn + ".part", "w").write(str(len(children)))
    for pid in children: os.kill(pid, signal.SIGKILL)
    for pid in children: os.waitpid(pid, 0)
    os.rename("alive" + turn + ".part", "alive" + turn)
time.sleep(60)
`

describe('limits', () => {
  const own = requireCapability('cgroups')
  const set = notInVm(own, 'a running machine takes another limit for its disk alone, and says so')
  set('are set while it runs, and hold what runs already', async () => {
    await writeFile(join(host.workspace, 'counter.py'), COUNTER)
    const session = await create('/usr/bin/python3 counter.py')
    const { state, events } = follow(connection, session.id)
    const alive = async (turn: number): Promise<number> => {
      await writeFile(join(host.workspace, `go${turn}`), '')
      const path = join(host.workspace, `alive${turn}`)
      await expect.poll(() => existsSync(path)).toBe(true)
      return Number(await readFile(path, 'utf8'))
    }
    expect(await alive(1)).toBe(80)
    const limits = { ...NO_LIMITS, processes: 30, diskBytes: 2 ** 30 }
    expect(await connection.api.session.setLimits({ id: session.id, limits })).toEqual({
      ...{ ok: true, value: null },
    })
    expect(await alive(2)).toBeLessThan(30)
    await expect.poll(() => state().session?.spec.limits).toEqual(limits)
    expect(state().session?.limits).toContainEqual(
      expect.objectContaining({ limit: 'processes', value: 30, means: ['cgroup1'] }),
    )
    await expect.poll(() => events.map(({ fact }) => fact.type)).toContain('limits/reached')
    const audit = await connection.api.audit.read({ words: 'limits/changed', before: null })
    expect(audit.entries).toHaveLength(1)
  })

  // Others take all of them at once.
  if (LEVEL === 'vm')
    test('of a running machine take a restart, but for its disk', async () => {
      const { id } = await create('/bin/sleep 60')
      const set = (limits: Partial<Limits>) =>
        connection.api.session.setLimits({ id, limits: { ...NO_LIMITS, ...limits } })
      expect(await set({ processes: 30 })).toEqual({
        ...{ ok: false, error: { type: 'needs_restart', limits: ['processes'] } },
      })
      expect(await set({ diskBytes: 2 ** 30 })).toEqual({ ok: true, value: null })
    })
})
