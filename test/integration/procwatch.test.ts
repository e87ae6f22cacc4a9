import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CLOCK_TICKS_PER_SECOND } from '../../src/main/procwatch/proc-files.ts'
import type { Fact } from '../../src/shared/domain/timeline.ts'
import type { ProcessNode } from '../../src/shared/domain/process.ts'
import { createTestWatcher, type TestWatcher } from '../helpers/process-watch.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { until } from './egress-harness.ts'
import { startNamespace, type TestNamespace } from './namespace-harness.ts'

test('the clock tick is what this machine says it is', async () => {
  const { stdout } = await promisify(execFile)('getconf', ['CLK_TCK'])
  expect(Number(stdout)).toBe(CLOCK_TICKS_PER_SECOND)
})

const programOf = (fact: Fact): string[] | undefined =>
  fact.type === 'proc/exec' ? fact.argv : fact.type === 'proc/started' ? fact.node.argv : undefined

/** Both ways of watching show a session alike; what only one can see is in process-events.test. */
describe.each(['sampler', 'connector'] as const)('watched by the %s', (source) => {
  let watched: TestWatcher
  beforeEach(() => {
    watched = createTestWatcher(source)
  })
  afterEach(() => watched.close())
  const startedNodes = (): ProcessNode[] => watched.started()
  const sleeping = (seconds: string): ProcessNode | undefined => {
    const key = watched.facts.flatMap((fact) =>
      (fact.type === 'proc/exec' || fact.type === 'proc/started') &&
      programOf(fact)?.join(' ') === `sleep ${seconds}`
        ? [fact.type === 'proc/exec' ? fact.key : fact.node.key]
        : [],
    )[0]
    return startedNodes().find((node) => node.key === key)
  }

  describe('in a sandbox with a pid namespace', () => {
    const test = requireCapability('namespaces')
    let space: TestNamespace
    beforeEach(async () => {
      space = await startNamespace()
    })
    afterEach(() => space.end())

    test('a process appears with what is known of it, and ends', async () => {
      watched.watch(space.rootPid)
      const before = Date.now()
      await space.run('cd /usr; sleep 1.01')
      await until(() => watched.endOf(sleeping('1.01')) !== null, 'it ended')
      const node = sleeping('1.01')
      const root = startedNodes().find(({ pid }) => pid === space.rootPid)
      // It may be met between its start and the program it became.
      const became = watched.facts.findLast(
        (fact) => fact.type === 'proc/exec' && fact.key === node?.key,
      )
      expect({ ...node, ...became }).toMatchObject({
        name: 'sleep',
        argv: ['sleep', '1.01'],
        exe: '/usr/bin/sleep',
        cwd: '/usr',
        parent: root?.key,
        innerPid: expect.any(Number),
        endedAtMs: null,
        exit: null,
      })
      expect(root).toMatchObject({ innerPid: 1, parent: null })
      expect(node?.rssBytes).toBeGreaterThan(100_000)
      expect(Math.abs((node?.startedAtMs ?? 0) - before)).toBeLessThan(1_000)
    })

    test('executing another program in place is seen', async () => {
      watched.watch(space.rootPid)
      await space.run("sh -c 'sleep 0.5; exec sleep 1.02'")
      const exec = watched.facts.find((fact) => fact.type === 'proc/exec')
      expect(exec).toMatchObject({ name: 'sleep', argv: ['sleep', '1.02'], exe: '/usr/bin/sleep' })
    })

    test('how an unreaped process ended is known', async () => {
      watched.watch(space.rootPid)
      await space.run(
        'sh -c \'sh -c "sleep 0.4; exit 7" & sleep 0.41 & kill -9 $!; exec sleep 1.03\'; true',
      )
      const ends = watched.facts.flatMap((fact) => (fact.type === 'proc/ended' ? [fact.exit] : []))
      expect(ends).toContainEqual({ kind: 'exited', code: 7 })
      expect(ends).toContainEqual({ kind: 'signalled', signal: 'SIGKILL' })
    })

    test('a child that outlives its parent stays, under its new parent', async () => {
      watched.watch(space.rootPid)
      await space.run("sh -c 'sleep 2.04 & sleep 0.6'; sleep 0.5")
      const orphan = sleeping('2.04')
      const root = startedNodes().find(({ pid }) => pid === space.rootPid)
      expect(orphan?.parent).not.toBe(root?.key)
      expect(watched.facts).toContainEqual({
        type: 'proc/reparented',
        key: orphan?.key,
        parent: root?.key,
      })
      expect(watched.endOf(orphan)).toBeNull()
    })

    test('a program may call itself anything', async () => {
      watched.watch(space.rootPid)
      const name = 'a) S 1 (b'
      await space.run(`cp /usr/bin/sleep "/tmp/${name}"; "/tmp/${name}" 0.6; rm "/tmp/${name}"`)
      const names = watched.facts.flatMap((fact) =>
        fact.type === 'proc/started'
          ? [fact.node.name]
          : fact.type === 'proc/exec'
            ? [fact.name]
            : [],
      )
      expect(names).toContain(name)
    })

    test('processor time is sampled, at most once a second', async () => {
      watched.watch(space.rootPid)
      await space.run("timeout 3.6 sh -c 'while :; do :; done'")
      const samples = watched.facts.filter((fact) => fact.type === 'proc/sampled')
      // A busy machine may make it fewer, never more; one that tells nothing new is left out.
      expect(samples.length).toBeGreaterThanOrEqual(1)
      expect(samples.length).toBeLessThanOrEqual(4)
      const peak = Math.max(
        ...samples.flatMap((fact) => fact.samples.map((item) => item.cpuPercent)),
      )
      expect(peak).toBeGreaterThan(20)
      expect(peak).toBeLessThan(110)
    })

    test('its members are its own and nobody else', async () => {
      const outside = spawn('sleep', ['30'])
      const inside = space.run('sleep 1.05')
      const { reader } = watched
      watched.watch(space.rootPid)
      await until(() => sleeping('1.05') !== undefined, 'it was seen')
      const members = await reader.members(space.rootPid)
      expect(members).toContain(space.rootPid)
      expect(members).toContain(sleeping('1.05')?.pid)
      expect(members).not.toContain(outside.pid)
      expect(members).not.toContain(process.pid)
      expect(members).toHaveLength(2)
      outside.kill()
      await inside
    })

    test('a requester is named with its chain, and null once it is gone', async () => {
      const { reader } = watched
      watched.watch(space.rootPid)
      const running = space.run("sh -c 'sleep 1.06; true'")
      await until(() => sleeping('1.06') !== undefined, 'it was seen')
      const pid = sleeping('1.06')?.pid ?? 0
      const requester = await reader.requester(pid, space.rootPid)
      expect(requester?.process.argv).toEqual(['sleep', '1.06'])
      expect(requester?.ancestors.map(({ name }) => name)).toEqual(['sh', 'sh'])
      expect(requester?.ancestors.at(-1)?.pid).toBe(space.rootPid)
      await running
      expect(await reader.requester(pid, space.rootPid)).toBeNull()
    })

    test('when it ends, everything ends; its starter says how where nobody saw it', async () => {
      const session = watched.watch(space.rootPid)
      void space.run('sleep 30').catch(() => undefined)
      await until(() => sleeping('30') !== undefined, 'it was seen')
      await space.end()
      await session.stop({ kind: 'exited', code: 5 })
      const root = startedNodes().find(({ pid }) => pid === space.rootPid)
      const killed = { kind: 'signalled', signal: 'SIGKILL' }
      expect(watched.endOf(root)?.exit).toEqual(
        source === 'connector' ? killed : { kind: 'exited', code: 5 },
      )
      expect(watched.endOf(sleeping('30'))?.exit).toEqual(
        source === 'connector' ? killed : { kind: 'lost' },
      )
      const counts = ['proc/started', 'proc/ended'].map(
        (type) => watched.facts.filter((fact) => fact.type === type).length,
      )
      expect(counts[0]).toBe(counts[1])
    })
  })

  test('without a sandbox, members are the descendants, also when a parent left', async () => {
    const child = spawn('sh', ['-c', 'sh -c "sleep 3.07 & sleep 0.6"; sleep 2'], {
      stdio: 'ignore',
    })
    await once(child, 'spawn')
    const rootPid = child.pid ?? 0
    const { reader } = watched
    watched.watch(rootPid)
    await until(
      () => watched.facts.some((fact) => fact.type === 'proc/reparented'),
      'a parent left',
    )
    const orphan = sleeping('3.07')
    expect(await reader.members(rootPid)).toContain(orphan?.pid)
    expect(await reader.members(rootPid)).not.toContain(process.pid)
    expect(orphan?.innerPid).toBe(null)
    await once(child, 'exit')
    expect(await reader.members(rootPid)).toEqual([orphan?.pid])
    if (orphan) process.kill(orphan.pid)
  })

  test('an idle session costs next to nothing', async () => {
    const child = spawn('sleep', ['30'])
    await once(child, 'spawn')
    watched.watch(child.pid ?? 0)
    await until(() => startedNodes().length === 1, 'it was seen')
    const before = process.cpuUsage()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const { user, system } = process.cpuUsage(before)
    // Measured with the test runner around it; the sampler alone stays well below.
    expect((user + system) / 3_000_000).toBeLessThan(0.15)
    child.kill()
  })
})
