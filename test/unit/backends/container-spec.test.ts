import { userInfo } from 'node:os'
import { describe, expect, test } from 'vitest'
import {
  type ContainerParts,
  containerSpec,
  MASKED_PATHS,
  networkSpec,
  shownRun,
} from '../../../src/main/backends/containers/container-spec.ts'
import { letsInside, ulimitsOf, waysOf } from '../../../src/main/backends/containers/engine-ways.ts'
import type { FileEntry } from '../../../src/main/backends/files/entries.ts'
import type { PlanInput } from '../../../src/main/core/isolation/plan.ts'
import { PLAIN_PLAN } from '../../helpers/plan.ts'

const PLAN: PlanInput = {
  ...PLAIN_PLAN,
  level: 'container',
  workspace: '/home/mara/project',
  home: '/home/mara',
  user: 'mara',
}
const PARTS: ContainerParts = {
  ...{
    name: 'one',
    image: 'image',
    labels: { a: 'b' },
    network: 'container:n',
  },
  ways: {
    ...{ client: 'docker', user: { uid: 1000, gid: 100 }, users: 'engine', givesFolders: true },
    ...{ folderOptions: [], ulimits: [], masks: 'field', variables: [], lets: [] },
  },
  layout: { folders: ['/usr'], etcFolders: ['ssl/certs'], etcFiles: [] },
  ...{
    env: { HOME: '/home/mara' },
    observer: null,
    inside: '/run/one/inside',
    init: '/lib/init',
  },
  empty: { file: '/run/one/empty', folder: '/run/one/empty-folder' },
  files: { '/etc/passwd': '/run/one/passwd' },
  closed: { file: '/run/one/closed', folder: '/run/one/closed-folder' },
  ...{ entries: [], argv: ['/bin/sh'] },
}
const entry = (access: FileEntry['access'], kind: FileEntry['kind']): FileEntry => ({
  ...{ path: `/home/mara/project/${access}-${kind}`, kind, access, origin: 'person', absent: null },
})
const mountsOf = (plan: PlanInput, parts: Partial<ContainerParts> = {}) =>
  containerSpec(plan, { ...PARTS, ...parts }).HostConfig?.Mounts ?? []

describe('what an engine is asked to make', () => {
  test('has no capability, no network, no writable root, and nothing of the person but the workspace', () => {
    const { HostConfig, ...config } = containerSpec(PLAN, PARTS)
    expect(config).toMatchObject({ User: '1000:100', WorkingDir: PLAN.workspace, Tty: true })
    expect(HostConfig).toMatchObject({
      ...{ NetworkMode: 'container:n', CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
      ...{ ReadonlyRootfs: true, Privileged: false, IpcMode: 'private', CgroupnsMode: 'private' },
    })
    expect(HostConfig).not.toHaveProperty('CapAdd')
    const writable = mountsOf(PLAN).filter(({ ReadOnly }) => !ReadOnly)
    expect(writable.map(({ Target }) => Target)).toEqual([PLAN.workspace])
    expect(Object.keys(HostConfig?.Tmpfs ?? {})).toEqual(['/tmp', '/var/tmp', '/run', PLAN.home])
  })

  test.each([
    ['read', 'file', { Source: '/home/mara/project/read-file', ReadOnly: true }],
    ['write', 'folder', { Source: '/home/mara/project/write-folder', ReadOnly: false }],
    ['pin', 'folder', { Source: '/home/mara/project/pin-folder', ReadOnly: false }],
    ['mask', 'file', { Source: PARTS.empty.file, ReadOnly: true }],
    ['mask', 'folder', { Type: 'bind', Source: PARTS.empty.folder, ReadOnly: true }],
    ['deny', 'file', { Source: PARTS.closed.file, ReadOnly: true }],
    ['deny', 'folder', { Source: PARTS.closed.folder, ReadOnly: true }],
  ] as const)('%s %s', (access, kind, mount) => {
    const found = mountsOf(PLAN, { entries: [entry(access, kind)] }).find(({ Target }) =>
      Target.endsWith(`${access}-${kind}`),
    )
    expect(found).toMatchObject(mount)
  })

  test('mounts nothing twice: a rule for the whole workspace takes its place', () => {
    const whole: FileEntry = { ...entry('read', 'folder'), path: PLAN.workspace }
    const mounts = mountsOf(
      { ...PLAN, mounts: [{ source: '/usr', target: '/usr', access: 'read' }] },
      { entries: [whole] },
    )
    const targets = mounts.map(({ Target }) => Target)
    expect(new Set(targets).size).toBe(targets.length)
    expect(mounts.find(({ Target }) => Target === PLAN.workspace)?.ReadOnly).toBe(true)
  })

  test('holds limits, and memory is not evaded by swapping or by files in memory', () => {
    const limits = { cpuPercent: 150, memoryBytes: 2 ** 30, processes: 200, diskBytes: null }
    const host = containerSpec({ ...PLAN, limits }, PARTS).HostConfig
    expect(host).toMatchObject({ NanoCpus: 1.5e9, Memory: 2 ** 30, MemorySwap: 2 ** 30 })
    expect(host?.PidsLimit).toBe(200)
    expect(host?.Tmpfs?.['/tmp']).toContain(`size=${2 ** 28}`)
  })
})

const NETWORK = {
  ...{ name: 'n', image: 'machine', layout: { folders: ['/usr'] }, labels: {} },
  programs: { network: '/lib/network', owners: '/lib/owners' },
  ...{ folder: '/run/one/network', ports: [1, 2], ways: PARTS.ways },
}

test('what prepares the network has the right over that network, and no other', () => {
  const { HostConfig, User } = networkSpec(NETWORK)
  expect(User).toBe('0:0')
  expect(HostConfig).toMatchObject({
    ...{ NetworkMode: 'none', CapDrop: ['ALL'], ReadonlyRootfs: true },
    CapAdd: ['NET_ADMIN', 'NET_BIND_SERVICE'],
  })
  for (const { ReadOnly } of HostConfig?.Mounts ?? []) expect(ReadOnly).toBe(true)
})

test('the same as a command says every mount and every refusal', () => {
  const words = shownRun(containerSpec(PLAN, PARTS), 'docker')
  expect(words.slice(0, 2)).toEqual(['docker', 'run'])
  expect(words).toEqual(expect.arrayContaining(['--read-only', '--cap-drop', 'ALL', '--network']))
  expect(words.filter((word) => word === '--mount')).toHaveLength(mountsOf(PLAN).length)
})

describe('an engine’s own ways', () => {
  const engine = (isRootless: boolean, name: 'Docker' | 'Podman') => ({
    ...{ name, isRootless },
    cgroupVersion: '2' as const,
  })

  test('an ordinary user’s Podman keeps the person’s number, in the user namespace of the network', async () => {
    const ways = await waysOf(engine(true, 'Podman'))
    expect(ways.user).toEqual({ uid: userInfo().uid, gid: userInfo().gid })
    expect(containerSpec(PLAN, { ...PARTS, ways }).HostConfig?.UsernsMode).toBe('container:n')
    expect(networkSpec({ ...NETWORK, ways }).HostConfig?.UsernsMode).toBe('keep-id')
    for (const other of [
      await waysOf(engine(false, 'Podman')),
      await waysOf(engine(true, 'Docker')),
    ]) {
      const host = containerSpec(PLAN, { ...PARTS, ways: other }).HostConfig
      expect(host).not.toHaveProperty('UsernsMode')
      expect(networkSpec({ ...NETWORK, ways: other }).HostConfig).not.toHaveProperty('UsernsMode')
    }
    expect((await waysOf(engine(true, 'Docker'))).user).toEqual({ uid: 0, gid: 0 })
  })

  test('Podman hides paths by another word, and fills no folder in memory', async () => {
    const ways = await waysOf(engine(false, 'Podman'))
    const host = containerSpec(PLAN, { ...PARTS, ways }).HostConfig
    expect(host?.SecurityOpt).toEqual(['no-new-privileges', `mask=${MASKED_PATHS.join(':')}`])
    for (const options of Object.values(host?.Tmpfs ?? {})) {
      expect(options).toContain('notmpcopyup')
      expect(options).not.toContain('uid=')
    }
  })

  test('Podman of root gives what this process may have, and what a kernel has numbers for', () => {
    const limits = [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max processes             96365                96365                processes ',
      'Max open files            1024                 20000                files     ',
    ].join('\n')
    expect(ulimitsOf(limits, 32768)).toEqual([
      { Name: 'nofile', Soft: 20000, Hard: 20000 },
      { Name: 'nproc', Soft: 32768, Hard: 32768 },
    ])
    expect(ulimitsOf(limits.replaceAll('20000', 'unlimited'), 99999)).toEqual([
      { Name: 'nproc', Soft: 96365, Hard: 96365 },
    ])
  })

  test('what one lets through and no other does is said', () => {
    const older = { isRootless: false, cgroupVersion: '1' } as const
    expect(letsInside({ ...older, name: 'Podman' })).toHaveLength(1)
    expect(letsInside({ ...older, name: 'Docker' })).toEqual([])
    expect(letsInside({ ...older, name: 'Podman', cgroupVersion: '2' })).toEqual([])
  })
})
