import type Docker from 'dockerode'
import type { PlanInput } from '../../core/isolation/plan.ts'
import type { FileEntry } from '../files/entries.ts'
import { onMachine } from '../files/on-machine.ts'
import type { MachineLayout } from '../layout.ts'
import type { EngineWays } from './engine-ways.ts'
import { KEPT_MOUNT } from './kept-home.ts'

/** Where a container finds what is ours: read-only, and nothing in it is secret. */
export const INSIDE = '/.cloche'
export const INIT = `${INSIDE}/init`
export const FILTER = `${INSIDE}/filter`
const OBSERVER = `${INSIDE}/observer.sock`
export const HOST_SOCKET = `${INSIDE}/host.sock`

/** Given outright, so that what is proven is what was asked for, whatever the engine's version. */
export const MASKED_PATHS = [
  ...['/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/kmsg'],
  ...['/proc/latency_stats', '/proc/sched_debug', '/proc/scsi', '/proc/sysrq-trigger'],
  ...['/proc/timer_list', '/proc/timer_stats', '/sys'],
]
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys']

/** An engine's own choices made as every other network's of a session. */
const SYSCTLS = {
  // Only its own loopback is there; programs use IPv6 on it, and the gateway serves both.
  'net.ipv6.conf.all.disable_ipv6': '0',
  'net.ipv6.conf.lo.disable_ipv6': '0',
  'net.ipv4.ping_group_range': '1 0',
  'net.ipv4.ip_unprivileged_port_start': '1024',
}

type Mount = Docker.MountSettings
type Options = Docker.ContainerCreateOptions

const bind = (source: string, target: string, access: 'read' | 'write'): Mount => ({
  Type: 'bind',
  Source: source,
  Target: target,
  ReadOnly: access === 'read',
  BindOptions: { Propagation: 'rprivate' },
})

export interface ContainerParts {
  readonly name: string
  readonly image: string
  /** The machine's own folders, where the image has none of its own. */
  readonly layout: Pick<MachineLayout, 'folders' | 'etcFolders' | 'etcFiles'> | null
  readonly labels: Readonly<Record<string, string>>
  /** Of a `ContainerNetwork`. */
  readonly network: string
  readonly ways: EngineWays
  /** Without what a person let in: that goes another way. */
  readonly env: Readonly<Record<string, string>>
  /** Folder of ours that is `INSIDE`, and the program that is `INIT`. */
  readonly inside: string
  readonly init: string
  /** Socket of who sees what files are changed; null: nobody does. */
  readonly observer: string | null
  /** Generated files, by path inside, and where they are. */
  readonly files: Readonly<Record<string, string>>
  /** A file and a folder of ours with nothing in them, and such that nobody may open. */
  readonly empty: { readonly file: string; readonly folder: string }
  readonly closed: { readonly file: string; readonly folder: string }
  readonly entries: readonly FileEntry[]
  /** What the first process starts. */
  readonly argv: readonly string[]
}

/** Pure: plan → what the engine is asked to make. No capability, no network, no writable root. */
export function containerSpec(plan: PlanInput, parts: ContainerParts): Options {
  const { layout, ways } = parts
  const { uid, gid } = ways.user
  const { limits } = plan
  const inMemory = (mode: string, ...more: string[]): string =>
    [
      ...['rw', 'exec', 'nosuid', 'nodev', `mode=${mode}`],
      ...[...memoryShare(plan), ...ways.folderOptions, ...more],
    ].join(',')
  const home = ways.givesFolders ? inMemory('0700', `uid=${uid}`, `gid=${gid}`) : inMemory('1777')
  return {
    name: parts.name,
    Image: parts.image,
    Entrypoint: [INIT, 'boot', HOST_SOCKET, FILTER, parts.observer === null ? '-' : OBSERVER, '--'],
    Cmd: [...parts.argv],
    User: `${uid}:${gid}`,
    WorkingDir: plan.workspace,
    Env: Object.entries(parts.env).map(([name, value]) => `${name}=${value}`),
    Labels: { ...parts.labels },
    Tty: true,
    OpenStdin: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      NetworkMode: parts.network,
      CapDrop: ['ALL'],
      SecurityOpt: [
        'no-new-privileges',
        ...(ways.masks === 'option' ? [`mask=${MASKED_PATHS.join(':')}`] : []),
      ],
      ReadonlyRootfs: true,
      Privileged: false,
      Init: false,
      IpcMode: 'private',
      // Known to engines for years, not to the types of their client.
      ...{ CgroupnsMode: 'private' },
      MaskedPaths: MASKED_PATHS,
      ReadonlyPaths: READONLY_PATHS,
      ...(ways.users === 'kept' ? { UsernsMode: parts.network } : {}),
      Ulimits: [{ Name: 'core', Soft: 1, Hard: 1 }, ...ways.ulimits],
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      ...(limits.cpuPercent === null ? {} : { NanoCpus: limits.cpuPercent * 1e7 }),
      ...(limits.memoryBytes === null
        ? {}
        : { Memory: limits.memoryBytes, MemorySwap: limits.memoryBytes }),
      ...(limits.processes === null ? {} : { PidsLimit: limits.processes }),
      Tmpfs: {
        '/tmp': inMemory('1777'),
        '/var/tmp': inMemory('1777'),
        // Sockets of an image's services lie there, and nothing else that is needed.
        '/run': ['ro,nosuid,nodev,noexec,mode=755', ...ways.folderOptions].join(','),
        [plan.home]: home,
      },
      Mounts: oncePerTarget([
        bind(parts.inside, INSIDE, 'read'),
        bind(parts.init, INIT, 'read'),
        ...(parts.observer === null ? [] : [bind(parts.observer, OBSERVER, 'read')]),
        ...(layout?.folders ?? []).map((folder) => bind(folder, folder, 'read')),
        ...[...(layout?.etcFolders ?? []), ...(layout?.etcFiles ?? [])].map((name) =>
          bind(`/etc/${name}`, `/etc/${name}`, 'read'),
        ),
        ...Object.entries(parts.files).map(([path, source]) => bind(source, path, 'read')),
        ...plan.mounts.map(({ source, target, access }) => bind(source, target, access)),
        ...(parts.entries.some(({ path }) => path === plan.workspace)
          ? []
          : [bind(onMachine(plan, plan.workspace), plan.workspace, 'write')]),
        ...parts.entries.map((entry) => mountOf(entry, onMachine(plan, entry.path), parts)),
        ...(plan.setUp?.kind === 'makes' ? [KEPT_MOUNT] : []),
      ]),
    },
  }
}

/** An engine refuses a second mount at a path; the later one is what a sandbox would show. */
const oncePerTarget = (mounts: readonly Mount[]): Mount[] => [
  ...new Map(mounts.map((mount) => [mount.Target, mount])).values(),
]

/** Folders in memory are memory: all of them together stay below the limit. */
const memoryShare = ({ limits }: PlanInput): string[] =>
  limits.memoryBytes === null ? [] : [`size=${Math.floor(limits.memoryBytes / 4)}`]

function mountOf(
  { path, kind, access }: FileEntry,
  source: string,
  { empty, closed }: Pick<ContainerParts, 'empty' | 'closed'>,
): Mount {
  switch (access) {
    case 'read':
      return bind(source, path, 'read')
    case 'write':
    case 'pin':
      return bind(source, path, 'write')
    case 'mask':
      // No folder in memory: Podman fills one with what it is to hide.
      return bind(empty[kind], path, 'read')
    case 'deny':
      return bind(closed[kind], path, 'read')
  }
}

/**
 * Holds a network for a session to join: makes the gateway's ends in it, then tells whose its
 * connections are. See native/sandbox-network.c and native/socket-owners.c.
 */
export function networkSpec(parts: {
  readonly name: string
  readonly image: string
  readonly layout: Pick<MachineLayout, 'folders'>
  readonly ways: Pick<EngineWays, 'users' | 'ulimits'>
  readonly labels: Readonly<Record<string, string>>
  /** Holds their sockets. */
  readonly folder: string
  /** By the names they have there. */
  readonly programs: Readonly<Record<'network' | 'owners', string>>
  readonly ports: readonly number[]
}): Options {
  return {
    name: parts.name,
    Image: parts.image,
    Entrypoint: [
      ...[`${INSIDE}/network`, 'here', ...parts.ports.map(String), `${INSIDE}/network.sock`],
      ...[`${INSIDE}/owners`, `${INSIDE}/owners.sock`],
    ],
    // Also of whoever joins it.
    Hostname: 'cloche',
    User: '0:0',
    Labels: { ...parts.labels },
    HostConfig: {
      NetworkMode: 'none',
      ...(parts.ways.users === 'kept' ? { UsernsMode: 'keep-id' } : {}),
      Sysctls: SYSCTLS,
      CapDrop: ['ALL'],
      CapAdd: ['NET_ADMIN', 'NET_BIND_SERVICE'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      PidsLimit: 16,
      ...(parts.ways.ulimits.length > 0 ? { Ulimits: [...parts.ways.ulimits] } : {}),
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      Mounts: [
        bind(parts.folder, INSIDE, 'read'),
        ...Object.entries(parts.programs).map(([name, path]) =>
          bind(path, `${INSIDE}/${name}`, 'read'),
        ),
        // Where it could not be linked statically, it needs the machine's libraries.
        ...parts.layout.folders.map((folder) => bind(folder, folder, 'read')),
      ],
    },
  }
}

/** The same as a command to read and copy. */
export function shownRun(
  { name, Image, Entrypoint, Cmd, User, Env, HostConfig }: Options,
  client: EngineWays['client'],
): string[] {
  const host = HostConfig ?? {}
  const mounts = (host.Mounts ?? []).flatMap(({ Type, Source, Target, ReadOnly }) => [
    '--mount',
    [
      `type=${Type}`,
      ...(Source ? [`src=${Source}`] : []),
      `dst=${Target}`,
      ...(ReadOnly ? ['readonly'] : []),
    ].join(','),
  ])
  const [program = '', ...rest] = [...(Array.isArray(Entrypoint) ? Entrypoint : []), ...(Cmd ?? [])]
  return [
    ...[client, 'run', '--tty', '--interactive', '--name', name ?? '', '--user', User ?? ''],
    ...['--network', host.NetworkMode ?? '', '--cap-drop', 'ALL'],
    ...(host.UsernsMode ? ['--userns', host.UsernsMode] : []),
    ...['--security-opt', 'no-new-privileges', '--read-only', '--ipc', 'private'],
    ...(host.NanoCpus ? ['--cpus', String(host.NanoCpus / 1e9)] : []),
    ...(host.Memory ? ['--memory', String(host.Memory)] : []),
    ...(host.PidsLimit ? ['--pids-limit', String(host.PidsLimit)] : []),
    ...Object.entries(host.Tmpfs ?? {}).flatMap(([path, how]) => ['--tmpfs', `${path}:${how}`]),
    ...mounts,
    ...(Env ?? []).flatMap((item) => ['--env', item]),
    ...['--entrypoint', program, Image ?? '', ...rest],
  ]
}
