import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { spawn, spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { NO_LIMITS, type Limits, type LimitName } from '../../src/shared/domain/limits.ts'
import { failure } from '../helpers/failure.ts'
import { LEVEL, notInVm, onlyInOs } from '../helpers/level.ts'
import { requireCapability } from '../helpers/require-capability.ts'
import { keepLimits } from '../../src/main/backends/limits/keeper.ts'
import { makePlace, type Place, startSandbox, testBackend, testLimits } from '../helpers/sandbox.ts'

const test = requireCapability('bubblewrap', 'cgroups')
/** What a machine is given, and what its own kernel holds: test/machines/machine.test.ts looks at that. */
const ofKernel = notInVm(test, 'a machine’s own kernel holds it: test/machines/machine.test.ts')
const MIB = 2 ** 20
const FOR_MS = LEVEL === 'vm' ? 60_000 : 15_000
/** More than the limit; a machine writes slowly. */
const WRITTEN_MIB = LEVEL === 'vm' ? 100 : 300

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => place.dispose())

interface Outcome {
  readonly output: string
  readonly reached: readonly LimitName[]
  readonly means: Readonly<Record<string, readonly string[]>>
}

/** Runs a script under limits to its end, at most for so many milliseconds. */
async function run(
  script: string,
  limits: Partial<Limits>,
  { forMs = FOR_MS, backend = testBackend() } = {},
): Promise<Outcome> {
  const more = { limits: { ...NO_LIMITS, ...limits } }
  const argv = ['/bin/bash', '-c', script]
  const { sandbox, terminal } = await startSandbox(place, argv, more, backend)
  if (!sandbox.ok) throw failure(sandbox.error)
  const reached: LimitName[] = []
  sandbox.value.watchLimits((limit) => reached.push(limit))
  await sandbox.value.release()
  const timer = setTimeout(() => void sandbox.value.destroy(), forMs)
  await terminal.exited
  clearTimeout(timer)
  // One more look of the watcher, which lives until the sandbox is destroyed.
  await new Promise((done) => setTimeout(done, 700))
  await sandbox.value.destroy()
  const means = Object.fromEntries(sandbox.value.limits.map(({ limit, means: by }) => [limit, by]))
  return { output: terminal.output(), reached, means }
}

/** Starts as many as it can up to 80 that sleep, and says how many. */
const MANY = `/usr/bin/python3 -c '
import os, time
alive = 0
try:
    while alive < 80:
        if os.fork() == 0:
            time.sleep(4)
            os._exit(0)
        alive += 1
except OSError as refused: print(refused)
print("alive %d" % alive)
time.sleep(2)'`

describe('processes', () => {
  ofKernel('the positive control: without a limit all of them start', async () => {
    expect((await run(MANY, {})).output).toContain('alive 80')
  })

  ofKernel('a limit holds inside, and the machine can still start processes', async () => {
    const { output, reached, means } = await run(MANY, { processes: 40 })
    expect(means.processes).toEqual(['cgroup1'])
    const alive = Number(/alive (\d+)/.exec(output)?.[1])
    expect(output).toContain('Resource temporarily unavailable')
    expect(alive).toBeGreaterThan(20)
    expect(alive).toBeLessThan(40)
    expect(reached).toContain('processes')
    expect(spawnSync('true').status).toBe(0)
  })

  ofKernel('a fork bomb neither spreads nor stays', async () => {
    const { reached } = await run(
      'bomb() { bomb | bomb & }; bomb; sleep 3',
      { processes: 60 },
      { forMs: 4000 },
    )
    expect(reached).toContain('processes')
    expect(spawnSync('true').status).toBe(0)
  })
})

/** Takes so much memory, touches all of it, and says so. */
const eat = (mib: number): string =>
  `/usr/bin/python3 -c 'data = bytearray(${mib} * 1024 * 1024); data[::4096] = b"x" * len(data[::4096]); print("a" + "te")'`

describe('memory', () => {
  ofKernel('the positive control, and the limit', async () => {
    expect((await run(eat(200), {})).output).toContain('ate')
    const held = await run(`${eat(200)} || echo refused`, { memoryBytes: 96 * MIB })
    expect(held.means.memory).toEqual(['cgroup1'])
    expect(held.output).not.toContain('ate')
    expect(held.reached).toContain('memory')
  })

  ofKernel('folders in memory are counted: they end before the limit', async () => {
    const fill = 'head -c 200M /dev/zero >/tmp/fill && echo filled'
    expect((await run(fill, {})).output).toContain('filled')
    expect((await run(fill, { memoryBytes: 256 * MIB })).output).toMatch(/No space left/)
  })
})

/** Writes 10 MiB at a time, slowly enough to be met, and says when it is done. */
const write = (mib: number): string =>
  `/usr/bin/python3 -c '
import os, time
block = bytes(10 * 1024 * 1024)
with open("big", "wb") as file:
    for n in range(${mib / 10}):
        file.write(block); file.flush(); os.fsync(file.fileno()); time.sleep(0.05)
print("wri" + "tten")'`

describe('disk', () => {
  test('the positive control: without a limit it is written', async () => {
    expect((await run(write(WRITTEN_MIB), {})).output).toContain('written')
  })

  test('what writes too much is ended, and only that', async () => {
    const { output, reached, means } = await run(`${write(WRITTEN_MIB)}; echo survived`, {
      diskBytes: 50 * MIB,
    })
    expect(means.disk).toEqual(['watched'])
    expect(output.split(/\r?\n/)).not.toContain('written')
    // A machine is one writer, and ends as a whole.
    if (LEVEL === 'vm') expect(output).not.toContain('survived')
    else expect(output).toContain('survived')
    expect(reached).toContain('disk')
    expect((await stat(join(place.workspace, 'big'))).size).toBeLessThan(WRITTEN_MIB * MIB)
  })

  notInVm(test, 'a machine is one writer')(
    'many that write a little each are met through who starts them',
    async () => {
      const little = 'dd if=/dev/zero of=big bs=1M count=20 oflag=direct 2>/dev/null'
      const loop = `for n in $(seq 60); do ${little}; sleep 0.1; done; echo all of them`
      const { output, reached } = await run(`bash -c '${loop}'; echo survived`, {
        diskBytes: 50 * MIB,
      })
      expect(output).not.toContain('all of them\r\n')
      expect(output).toContain('survived')
      expect(reached).toContain('disk')
    },
  )
})

describe('computing time', () => {
  ofKernel('half a core is half a core', async () => {
    const spin = `/usr/bin/python3 -c '
import os, time
end = time.monotonic() + 3
for _ in range(8):
    if os.fork() == 0:
        while time.monotonic() < end: pass
        os._exit(0)
for _ in range(8): os.wait()
print("share %d" % round(os.times().children_user / 3 * 100))'`
    const share = (text: string) => Number(/share (\d+)/.exec(text)?.[1])
    const free = await run(spin, {})
    const held = await run(spin, { cpuPercent: 50 })
    expect(held.means.cpu).toEqual(['cgroup1'])
    // Eight of them get more than that also on a busy machine, where nothing holds them.
    expect(share(held.output)).toBeLessThan(share(free.output))
    expect(share(held.output)).toBeLessThan(65)
  })
})

async function groupsLeft(): Promise<string[]> {
  const path = /^\d+:pids:(.*)$/m.exec(
    spawnSync('cat', ['/proc/self/cgroup'], { encoding: 'utf8' }).stdout,
  )
  const names = await readdir(`/sys/fs/cgroup/pids${path?.[1]}`)
  return names.filter((name) => name.startsWith('cloche-'))
}

test('nothing of the groups stays', async () => {
  await run('true', { processes: 40, memoryBytes: 256 * MIB })
  expect(await groupsLeft()).toEqual([])
})

onlyInOs(test, 'an engine makes them')(
  'nothing of the groups stays of a sandbox that ends while its limits are set',
  async () => {
    const child = spawn('/bin/sleep', ['60'])
    const rootPid = child.pid!
    const ended = new Promise<void>((done) => child.on('exit', () => done()))
    const limitsOf = () => readFile(`/proc/${rootPid}/limits`, 'utf8')
    const end = async (): Promise<void> => {
      await expect.poll(limitsOf).toMatch(/^Max core file size +1 +1 /m)
      expect(await groupsLeft()).toHaveLength(1)
      child.kill('SIGKILL')
      await ended
    }
    const held = {
      ...{ root: Promise.resolve(rootPid), pids: [rootPid] },
      ...{ name: 'ended', quiet: end() },
    }
    const limits = { ...NO_LIMITS, processes: 40, memoryBytes: 256 * MIB }
    const keeper = await keepLimits(limits, held, testLimits())
    await keeper.release()
    expect(await groupsLeft()).toEqual([])
  },
)

describe('where no control group is handed over', () => {
  const ordinary = onlyInOs(
    requireCapability('bubblewrap', 'an ordinary user'),
    'an engine hands them over',
  )
  const withoutGroups = () => ({ backend: testBackend(undefined, { homes: new Map() }) })

  ordinary('processes are counted by the kernel for this sandbox alone', async () => {
    const { output, reached, means } = await run(MANY, { processes: 40 }, withoutGroups())
    expect(means.processes).toEqual(['rlimit'])
    expect(output).toContain('Resource temporarily unavailable')
    expect(Number(/alive (\d+)/.exec(output)?.[1])).toBeGreaterThan(20)
    expect(reached).toContain('processes')
    // This user has more processes than that outside, and can start further ones.
    expect(spawnSync('true').status).toBe(0)
    expect((await run(MANY, {}, withoutGroups())).output).toContain('alive 80')
  })

  ordinary('what every process has taken over is not changed, what Cloche counts is', async () => {
    const limits = { ...NO_LIMITS, processes: 40 }
    const { sandbox } = await startSandbox(
      ...([place, ['/bin/sleep', '60'], { limits }, withoutGroups().backend] as const),
    )
    if (!sandbox.ok) throw failure(sandbox.error)
    const { changeLimits } = sandbox.value
    const wider = await changeLimits({ ...limits, processes: 80, diskBytes: 64 * MIB })
    expect(wider).toEqual({ ok: false, error: ['processes'] })
    const counted = await changeLimits({ ...limits, diskBytes: 64 * MIB })
    expect(counted.ok && counted.value.find(({ limit }) => limit === 'disk')).toMatchObject({
      ...{ value: 64 * MIB, means: ['watched'] },
    })
    await sandbox.value.destroy()
  })

  ordinary('one process that takes too much is refused, many together are met', async () => {
    const one = await run(`${eat(200)} || echo refused`, { memoryBytes: 96 * MIB }, withoutGroups())
    expect(one.means.memory).toEqual(['rlimit-each', 'watched'])
    expect(one.output).toContain('refused')
    const hold = `/usr/bin/python3 -c 'import time; data = b"x" * (60 * 1024 * 1024); time.sleep(4)'`
    const many = await run(
      `for n in 1 2 3 4; do ${hold} & done; wait; echo survived`,
      { memoryBytes: 128 * MIB },
      withoutGroups(),
    )
    expect(many.output).toContain('survived')
    expect(many.reached).toContain('memory')
  })

  ordinary('computing time has no limit, and that is said', async () => {
    const { sandbox } = await startSandbox(
      place,
      ['/bin/true'],
      { limits: { ...NO_LIMITS, cpuPercent: 50 } },
      withoutGroups().backend,
    )
    if (!sandbox.ok) throw failure(sandbox.error)
    expect(sandbox.value.limits.find(({ limit }) => limit === 'cpu')).toMatchObject({
      means: [],
      detail: expect.stringContaining('low priority'),
    })
    await sandbox.value.destroy()
  })
})
