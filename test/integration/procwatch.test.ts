import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CLOCK_TICKS_PER_SECOND } from '../../src/main/procwatch/proc-files.ts'
import { createProcessReader } from '../../src/main/procwatch/procfs.ts'
import { type Sampler, startSampler } from '../../src/main/procwatch/sampler.ts'
import type { ProcessNode } from '../../src/shared/domain/process.ts'
import { Fact } from '../../src/shared/domain/timeline.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { monoClock, until } from './egress-harness.ts'
import { startNamespace, type TestNamespace } from './namespace-harness.ts'

let facts: Fact[]
let faults: unknown[]
let samplers: Sampler[]

beforeEach(() => {
  facts = []
  faults = []
  samplers = []
})
afterEach(async () => {
  for (const sampler of samplers) await sampler.stop()
  expect(faults).toEqual([])
  for (const fact of facts) expect(Fact.safeParse(fact)).toMatchObject({ success: true })
})

function watch(rootPid: number, reader = createProcessReader(monoClock)): Sampler {
  const sampler = startSampler({
    rootPid,
    reader,
    clock: monoClock,
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (...fault) => faults.push(fault),
    },
    report: (fact) => facts.push(fact),
  })
  samplers.push(sampler)
  return sampler
}

const startedNodes = (): ProcessNode[] =>
  facts.flatMap((fact) => (fact.type === 'proc/started' ? [fact.node] : []))
const sleeping = (seconds: string): ProcessNode | undefined =>
  startedNodes().find(({ argv }) => argv[0] === 'sleep' && argv[1] === seconds)
const endOf = (node: ProcessNode | undefined) =>
  facts.find((fact) => fact.type === 'proc/ended' && fact.key === node?.key)

test('the clock tick is what this machine says it is', async () => {
  const { stdout } = await promisify(execFile)('getconf', ['CLK_TCK'])
  expect(Number(stdout)).toBe(CLOCK_TICKS_PER_SECOND)
})

describe('in a sandbox with a pid namespace', () => {
  const test = requireCapability('namespaces')
  let space: TestNamespace
  beforeEach(async () => {
    space = await startNamespace()
  })
  afterEach(() => space.end())

  test('a process appears with what is known of it, and ends', async () => {
    watch(space.rootPid)
    const before = Date.now()
    await space.run('cd /usr; sleep 1.01')
    await until(() => endOf(sleeping('1.01')) !== undefined, 'it ended')
    const node = sleeping('1.01')
    const root = startedNodes().find(({ pid }) => pid === space.rootPid)
    expect(node).toMatchObject({
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
    watch(space.rootPid)
    await space.run("sh -c 'sleep 0.5; exec sleep 1.02'")
    const exec = facts.find((fact) => fact.type === 'proc/exec')
    expect(exec).toMatchObject({ name: 'sleep', argv: ['sleep', '1.02'], exe: '/usr/bin/sleep' })
  })

  test('how an unreaped process ended is known', async () => {
    watch(space.rootPid)
    await space.run(
      'sh -c \'sh -c "sleep 0.4; exit 7" & sleep 0.41 & kill -9 $!; exec sleep 1.03\'; true',
    )
    const ends = facts.flatMap((fact) => (fact.type === 'proc/ended' ? [fact.exit] : []))
    expect(ends).toContainEqual({ kind: 'exited', code: 7 })
    expect(ends).toContainEqual({ kind: 'signalled', signal: 'SIGKILL' })
  })

  test('a child that outlives its parent stays, under its new parent', async () => {
    watch(space.rootPid)
    await space.run("sh -c 'sleep 2.04 & sleep 0.6'; sleep 0.5")
    const orphan = sleeping('2.04')
    const root = startedNodes().find(({ pid }) => pid === space.rootPid)
    expect(orphan?.parent).not.toBe(root?.key)
    expect(facts).toContainEqual({ type: 'proc/reparented', key: orphan?.key, parent: root?.key })
    expect(endOf(orphan)).toBeUndefined()
  })

  test('a program may call itself anything', async () => {
    watch(space.rootPid)
    const name = 'a) S 1 (b'
    await space.run(`cp /usr/bin/sleep "/tmp/${name}"; "/tmp/${name}" 0.6; rm "/tmp/${name}"`)
    expect(startedNodes().map((node) => node.name)).toContain(name)
  })

  test('processor time is sampled, at most once a second', async () => {
    watch(space.rootPid)
    await space.run("timeout 2.6 sh -c 'while :; do :; done'")
    const samples = facts.filter((fact) => fact.type === 'proc/sampled')
    expect(samples.length).toBeGreaterThanOrEqual(2)
    expect(samples.length).toBeLessThanOrEqual(3)
    const peak = Math.max(...samples.flatMap((fact) => fact.samples.map((item) => item.cpuPercent)))
    expect(peak).toBeGreaterThan(20)
    expect(peak).toBeLessThan(110)
  })

  test('its members are its own and nobody else', async () => {
    const outside = spawn('sleep', ['30'])
    const inside = space.run('sleep 1.05')
    const reader = createProcessReader(monoClock)
    watch(space.rootPid, reader)
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
    const reader = createProcessReader(monoClock)
    watch(space.rootPid, reader)
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

  test('when it ends, everything ends, the first process as its starter says', async () => {
    const sampler = watch(space.rootPid)
    void space.run('sleep 30').catch(() => undefined)
    await until(() => sleeping('30') !== undefined, 'it was seen')
    await space.end()
    await sampler.stop({ kind: 'exited', code: 5 })
    const root = startedNodes().find(({ pid }) => pid === space.rootPid)
    expect(endOf(root)).toMatchObject({ exit: { kind: 'exited', code: 5 } })
    expect(endOf(sleeping('30'))).toMatchObject({ exit: { kind: 'lost' } })
    const counts = ['proc/started', 'proc/ended'].map(
      (type) => facts.filter((fact) => fact.type === type).length,
    )
    expect(counts[0]).toBe(counts[1])
  })
})

test('without a sandbox, members are the descendants, also when a parent left', async () => {
  const child = spawn('sh', ['-c', 'sh -c "sleep 3.07 & sleep 0.6"; sleep 2'], { stdio: 'ignore' })
  await once(child, 'spawn')
  const rootPid = child.pid ?? 0
  const reader = createProcessReader(monoClock)
  watch(rootPid, reader)
  await until(() => facts.some((fact) => fact.type === 'proc/reparented'), 'a parent left')
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
  watch(child.pid ?? 0)
  await until(() => startedNodes().length === 1, 'it was seen')
  const before = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const { user, system } = process.cpuUsage(before)
  // Measured with the test runner around it; the sampler alone stays well below.
  expect((user + system) / 3_000_000).toBeLessThan(0.15)
  child.kill()
})
