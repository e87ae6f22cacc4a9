import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settingsOf, sweepGroups } from '../../../src/main/backends/limits/cgroup.ts'
import { findHomes } from '../../../src/main/backends/limits/cgroup-homes.ts'
import { defaultLimits } from '../../../src/main/backends/limits/defaults.ts'
import { reportLimits, type SetUp } from '../../../src/main/backends/limits/means.ts'
import { createWriterFinder } from '../../../src/main/backends/limits/usage.ts'
import { NO_LIMITS } from '../../../src/shared/domain/limits.ts'

const GIB = 2 ** 30

/** Folders and files in place of the kernel's: what is chosen is tested here, not what it does. */
describe('where control groups are found', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cloche-cgroups-'))
  })
  afterEach(() => rm(root, { recursive: true, force: true }))
  const group = async (path: string, passedOn: string): Promise<void> => {
    await mkdir(join(root, path), { recursive: true })
    await writeFile(join(root, path, 'cgroup.subtree_control'), passedOn)
  }

  test('version 2, handed over by systemd: the nearest group above that passes controllers on', async () => {
    await group('user.slice', 'memory pids')
    await group('user.slice/user@1000.service', 'memory pids')
    await group('user.slice/user@1000.service/app.slice', 'memory pids')
    await group('user.slice/user@1000.service/app.slice/cloche.scope', '')
    const homes = await findHomes(
      `cgroup2 ${root} cgroup2 rw,nosuid 0 0\n`,
      '0::/user.slice/user@1000.service/app.slice/cloche.scope\n',
    )
    const folder = join(root, 'user.slice/user@1000.service/app.slice')
    const home = { version: 2, folder }
    expect(Object.fromEntries(homes)).toEqual({ memory: home, pids: home })
  })

  test('version 2 holds a process in one group: one that passes all on comes before a nearer one', async () => {
    await group('user.slice', 'cpu memory pids')
    await group('user.slice/user@1000.service', 'cpu memory pids')
    await group('user.slice/user@1000.service/app.slice', 'memory pids')
    await group('user.slice/user@1000.service/app.slice/cloche.scope', '')
    const homes = await findHomes(
      `cgroup2 ${root} cgroup2 rw,nosuid 0 0\n`,
      '0::/user.slice/user@1000.service/app.slice/cloche.scope\n',
    )
    const home = { version: 2, folder: join(root, 'user.slice/user@1000.service') }
    expect(Object.fromEntries(homes)).toEqual({ cpu: home, memory: home, pids: home })
  })

  test('version 2 without controllers, and no control groups at all: nowhere', async () => {
    await group('a/b', '')
    expect(await findHomes(`cgroup2 ${root} cgroup2 rw 0 0\n`, '0::/a/b\n')).toEqual(new Map())
    expect(await findHomes('', '')).toEqual(new Map())
  })

  test('version 1: each controller on its own; what is not there is left out', async () => {
    await mkdir(join(root, 'pids/own'), { recursive: true })
    const homes = await findHomes(
      `cgroup ${root}/pids cgroup rw,pids 0 0\ncgroup ${root}/memory cgroup rw,memory 0 0\n`,
      '8:pids:/own\n4:memory:/elsewhere\n0::/\n',
    )
    expect(homes).toEqual(new Map([['pids', { version: 1, folder: join(root, 'pids/own') }]]))
  })

  test('groups of earlier hosts are swept, others are not', async () => {
    await mkdir(join(root, 'cloche-ses_1'))
    await mkdir(join(root, 'other'))
    await mkdir(join(root, 'unified/cloche-ses_1'), { recursive: true })
    const homes = new Map([['pids', { version: 1, folder: root }] as const])
    await sweepGroups(homes, join(root, 'unified'))
    expect((await readdir(root)).sort()).toEqual(['other', 'unified'])
    expect(await readdir(join(root, 'unified'))).toEqual([])
  })
})

test('what is written for each limit', () => {
  const limits = { cpuPercent: 150, memoryBytes: GIB, processes: 64, diskBytes: GIB }
  expect(settingsOf('cpu', 2, limits)).toEqual([['cpu.max', '150000 100000']])
  expect(settingsOf('cpu', 1, limits)?.map(([file]) => file)).toEqual([
    'cpu.cfs_period_us',
    'cpu.cfs_quota_us',
  ])
  expect(settingsOf('memory', 2, limits)?.[0]).toEqual(['memory.max', String(GIB)])
  expect(settingsOf('pids', 1, limits)).toEqual([['pids.max', '64']])
  for (const controller of ['cpu', 'memory', 'pids'] as const)
    expect(settingsOf(controller, 2, NO_LIMITS)).toBeNull()
})

describe('what is said to hold a limit', () => {
  const limits = { cpuPercent: 100, memoryBytes: GIB, processes: 64, diskBytes: null }
  const nothing: SetUp = {
    groups: new Map(),
    refused: new Map(),
    hasProcessRlimit: false,
    hasMemoryRlimit: false,
  }
  const means = (setUp: Partial<SetUp>) =>
    Object.fromEntries(
      reportLimits(limits, { ...nothing, ...setUp }).map(({ limit, means: by }) => [limit, by]),
    )

  test('the strongest that was set up', () => {
    expect(
      means({
        groups: new Map([
          ['cpu', 2],
          ['memory', 2],
          ['pids', 1],
        ]),
      }),
    ).toEqual({
      cpu: ['cgroup2'],
      memory: ['cgroup2'],
      processes: ['cgroup1'],
      disk: [],
    })
    expect(means({ hasProcessRlimit: true, hasMemoryRlimit: true })).toEqual({
      cpu: [],
      memory: ['rlimit-each', 'watched'],
      processes: ['rlimit'],
      disk: [],
    })
  })

  test('what is not in force is said with the reason', () => {
    const reports = reportLimits(limits, { ...nothing, refused: new Map([['pids', 'EBUSY']]) })
    expect(reports.find(({ limit }) => limit === 'processes')).toMatchObject({
      means: [],
      detail: expect.stringContaining('EBUSY'),
    })
    expect(reports.find(({ limit }) => limit === 'disk')?.detail).toMatch(/None was asked/)
  })
})

test('who writes is who wrote most since the last look, also when a pid is given away', () => {
  const find = createWriterFinder()
  expect(
    find(
      new Map([
        [1, 100],
        [2, 500],
      ]),
    ),
  ).toEqual({ pid: 2, bytes: 500 })
  expect(
    find(
      new Map([
        [1, 300],
        [2, 500],
      ]),
    ),
  ).toEqual({ pid: 1, bytes: 200 })
  expect(
    find(
      new Map([
        [1, 300],
        [2, 500],
      ]),
    ),
  ).toBeNull()
  expect(find(new Map([[1, 10]]))).toEqual({ pid: 1, bytes: 10 })
})

test('defaults leave the machine usable, whatever its size', () => {
  expect(defaultLimits({ memoryBytes: 16 * GIB, freeDiskBytes: 500 * GIB })).toEqual({
    cpuPercent: null,
    memoryBytes: 12 * GIB,
    processes: 4096,
    diskBytes: 50 * GIB,
  })
  expect(defaultLimits({ memoryBytes: GIB / 2, freeDiskBytes: 0 })).toMatchObject({
    memoryBytes: GIB,
    diskBytes: GIB,
  })
})
