import type { PlanInput } from '../core/isolation/plan.ts'
import type { FileEntry } from './files/entries.ts'
import { onMachine } from './files/on-machine.ts'
import type { MachineLayout } from './layout.ts'

/** Descriptors the launcher opens before it becomes bubblewrap. `probe`: where there is such a program. */
export const FD = {
  ...{ args: 3, seccomp: 4, info: 5, granted: 6, userns: 7, go: 8, report: 9 },
  probe: 10,
} as const

/** Where the sandbox's own loopback offers the egress gateway, HTTP and SOCKS5 on one port. */
export const PROXY = { host: '127.0.0.1', port: 3128 } as const
/** Where the kernel brings direct connections to every other address. */
export const DIRECT_PORT = 3129

/** A file inside, and where its content comes from when the sandbox is made. */
export interface SmallFile {
  readonly path: string
  readonly source: string
  /** Its content is copied from this descriptor; null: it is mounted. */
  readonly descriptor: number | null
}

export interface Generated {
  /** The whole environment inside. */
  readonly env: Readonly<Record<string, string>>
  /** Small files of /etc, the machine's and ours that stand in for some of them. */
  readonly files: readonly SmallFile[]
  /** An empty file of ours. */
  readonly empty: string
  /** Mounts below and beside the workspace, in order. */
  readonly entries: readonly FileEntry[]
}

/** First line of the sandbox's own /etc/hosts. */
export const HOSTS_LINE = '127.0.0.1 localhost cloche'

const SYSTEM_PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/games']

/** The whole environment inside: an allow-list, then what the plan adds. */
export function sandboxEnv(plan: PlanInput, shell: string, locale: string): Record<string, string> {
  const http = `http://${PROXY.host}:${PROXY.port}`
  const socks = `socks5h://${PROXY.host}:${PROXY.port}`
  const direct = 'localhost,127.0.0.1,::1'
  return {
    CLOCHE: '1',
    COLORTERM: 'truecolor',
    HOME: plan.home,
    LANG: locale,
    LOGNAME: plan.user,
    PATH: [...plan.path, ...SYSTEM_PATH].join(':'),
    SHELL: shell,
    TERM: 'xterm-256color',
    TMPDIR: '/tmp',
    USER: plan.user,
    HTTP_PROXY: http,
    HTTPS_PROXY: http,
    ALL_PROXY: socks,
    NO_PROXY: direct,
    http_proxy: http,
    https_proxy: http,
    all_proxy: socks,
    no_proxy: direct,
    NODE_USE_ENV_PROXY: '1',
    ...plan.env,
  }
}

/** Pure: plan → bubblewrap's arguments, from an empty root. Later mounts cover earlier ones. */
export function bubblewrapArgs(
  plan: PlanInput,
  layout: MachineLayout,
  generated: Generated,
): string[] {
  const args = [
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-net'],
    ...['--unshare-cgroup-try', '--die-with-parent', '--cap-drop', 'ALL', '--hostname', 'cloche'],
    ...['--userns-block-fd', String(FD.userns), '--info-fd', String(FD.info)],
    ...['--seccomp', String(FD.seccomp), '--clearenv'],
  ]
  for (const [name, value] of Object.entries(generated.env))
    if (!plan.granted.includes(name)) args.push('--setenv', name, value)

  for (const folder of layout.folders) args.push('--ro-bind', folder, folder)
  for (const [path, target] of layout.links) args.push('--symlink', target, path)
  for (const name of layout.etcFolders) args.push('--ro-bind', `/etc/${name}`, `/etc/${name}`)
  for (const { path, source, descriptor } of generated.files)
    if (descriptor === null) args.push('--ro-bind', source, path)
    else args.push('--perms', '0644', '--file', String(descriptor), path)
  args.push('--proc', '/proc', '--dev', '/dev')
  for (const device of plan.devices ?? []) args.push('--dev-bind', device, device)
  const inMemory = (path: string): string[] => [...memoryShare(plan), '--tmpfs', path]
  args.push(...inMemory('/dev/shm'))
  for (const path of layout.procReadOnly) args.push('--ro-bind', path, path)
  for (const path of layout.procHiddenFiles) args.push('--ro-bind', '/dev/null', path)
  for (const path of layout.procHiddenFolders) args.push('--tmpfs', path, '--remount-ro', path)
  for (const folder of ['/tmp', '/var/tmp', plan.home]) args.push(...inMemory(folder))

  for (const { source, target, access } of plan.mounts)
    args.push(access === 'write' ? '--bind' : '--ro-bind', source, target)
  args.push('--bind', onMachine(plan, plan.workspace), plan.workspace)
  for (const entry of generated.entries)
    args.push(...mountOf(entry, onMachine(plan, entry.path), generated.empty))
  args.push('--chdir', plan.workspace, '--remount-ro', '/')
  return args
}

/** Values a person let in: they go through a pipe, never a command line and never a disk. */
export const grantedArgs = ({ env, granted }: PlanInput): string[] =>
  granted.flatMap((name) => ['--setenv', name, env[name] ?? ''])

/** Folders in memory are memory: all of them together stay below the limit. */
const memoryShare = ({ limits }: PlanInput): string[] =>
  limits.memoryBytes === null ? [] : ['--size', String(Math.floor(limits.memoryBytes / 4))]

function mountOf({ path, kind, access }: FileEntry, source: string, empty: string): string[] {
  switch (access) {
    case 'read':
      return ['--ro-bind', source, path]
    case 'write':
    case 'pin':
      return ['--bind', source, path]
    case 'mask':
      return kind === 'file' ? ['--ro-bind', empty, path] : ['--tmpfs', path, '--remount-ro', path]
    case 'deny':
      // A device on a mount that knows no devices cannot be opened.
      return kind === 'file'
        ? ['--ro-bind', '/dev/null', path]
        : ['--perms', '0000', '--tmpfs', path, '--remount-ro', path]
  }
}

/** Files every program expects and that must not be the machine's own. */
export function generatedFiles(plan: PlanInput, uid: number, gid: number): Record<string, string> {
  const user = plan.user
  return {
    '/etc/passwd': `${user}:x:${uid}:${gid}:${user}:${plan.home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`,
    '/etc/group': `${user}:x:${gid}:\nnogroup:x:65534:\n`,
    '/etc/hosts': `${HOSTS_LINE}\n::1 localhost\n`,
    // The gateway's own resolver: it asks nobody, so that no name can carry data out.
    '/etc/resolv.conf': 'nameserver 127.0.0.1\noptions timeout:2 attempts:2\n',
    '/etc/nsswitch.conf':
      'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n',
  }
}
