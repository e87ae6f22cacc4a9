import { PLAIN_PLAN } from '../../helpers/plan.ts'
import { expect, test } from 'vitest'
import {
  bubblewrapArgs,
  generatedFiles,
  HOSTS_LINE,
  sandboxEnv,
} from '../../../src/main/backends/bubblewrap-args.ts'
import { launchSpec, smallFiles } from '../../../src/main/backends/bubblewrap-launcher.ts'
import type { FileEntry } from '../../../src/main/backends/files/entries.ts'
import type { MachineLayout } from '../../../src/main/backends/layout.ts'
import type { PlanInput } from '../../../src/main/core/isolation/plan.ts'

const plan: PlanInput = {
  ...PLAIN_PLAN,
  level: 'os',
  workspace: '/home/ada/project',
  argv: ['/usr/bin/agent', '--flag', 'a b'],
  home: '/home/ada',
  user: 'ada',
  mounts: [
    { source: '/home/ada/.local/share/cloche/x', target: '/home/ada/.agent', access: 'write' },
    { source: '/home/ada/.nvm/v22', target: '/home/ada/.nvm/v22', access: 'read' },
  ],
  env: { AGENT_HOME: '/home/ada/.agent', TOKEN: 'sk-secret' },
  path: ['/home/ada/.nvm/v22/bin'],
}
const layout: MachineLayout = {
  links: [['/bin', 'usr/bin']],
  folders: ['/usr'],
  etcFolders: ['fonts'],
  etcFiles: ['localtime'],
  procReadOnly: ['/proc/sys'],
  procHiddenFiles: ['/proc/kcore'],
  procHiddenFolders: ['/proc/acpi'],
  shell: '/bin/bash',
}
const entry = (name: string, kind: FileEntry['kind'], access: FileEntry['access']): FileEntry => ({
  path: `/home/ada/project/${name}`,
  kind,
  access,
  origin: 'boundary',
  absent: null,
})
const env = sandboxEnv(plan, '/bin/bash', 'C.UTF-8')
const args = bubblewrapArgs(plan, layout, {
  env,
  files: [
    ...smallFiles({ '/etc/localtime': '/etc/localtime' }, '/bin/bash'),
    ...smallFiles({ '/etc/passwd': '/run/x/etc-passwd' }, '/bin/sh'),
  ],
  empty: '/run/x/empty',
  entries: [
    entry('.env', 'file', 'mask'),
    entry('.git', 'folder', 'pin'),
    entry('.git/hooks', 'folder', 'read'),
    entry('keys', 'folder', 'deny'),
    entry('keys.json', 'file', 'deny'),
    entry('notes', 'folder', 'mask'),
  ],
})

/** Where a run of arguments starts; throws when it is not there. */
function at(...wanted: string[]): number {
  const found = args.findIndex((_, index) => wanted.every((word, n) => args[index + n] === word))
  if (found === -1) throw new Error(`not among the arguments: ${wanted.join(' ')}`)
  return found
}

test('every namespace is new, nothing of the environment or of privileges comes along', () => {
  for (const option of ['user', 'pid', 'ipc', 'uts', 'net', 'cgroup-try'])
    expect(args).toContain(`--unshare-${option}`)
  expect(args).toContain('--die-with-parent')
  expect(args).toContain('--clearenv')
  at('--cap-drop', 'ALL')
  at('--seccomp', '4')
})

test('mounts come from an empty root, the wide ones before the narrow ones', () => {
  const order = [
    at('--ro-bind', '/usr', '/usr'),
    at('--symlink', 'usr/bin', '/bin'),
    at('--ro-bind', '/etc/fonts', '/etc/fonts'),
    at('--perms', '0644', '--file', '11', '/etc/localtime'),
    at('--ro-bind', '/run/x/etc-passwd', '/etc/passwd'),
    at('--proc', '/proc'),
    at('--ro-bind', '/proc/sys', '/proc/sys'),
    at('--tmpfs', '/tmp'),
    at('--tmpfs', '/home/ada'),
    at('--bind', '/home/ada/.local/share/cloche/x', '/home/ada/.agent'),
    at('--ro-bind', '/home/ada/.nvm/v22', '/home/ada/.nvm/v22'),
    at('--bind', '/home/ada/project', '/home/ada/project'),
    at('--ro-bind', '/home/ada/project/.git/hooks', '/home/ada/project/.git/hooks'),
    at('--chdir', '/home/ada/project'),
    at('--remount-ro', '/'),
  ]
  expect(order).toEqual([...order].sort((a, b) => a - b))
})

test('what is hidden is empty or cannot be opened, and cannot be filled', () => {
  const inside = (name: string): string => `/home/ada/project/${name}`
  at('--ro-bind', '/run/x/empty', inside('.env'))
  at('--tmpfs', inside('notes'), '--remount-ro', inside('notes'))
  at('--ro-bind', '/dev/null', inside('keys.json'))
  at('--perms', '0000', '--tmpfs', inside('keys'), '--remount-ro', inside('keys'))
})

test('only the workspace and declared state folders are bound writable', () => {
  const writable = args.flatMap((word, index) => (word === '--bind' ? [args[index + 2]] : []))
  expect(writable).toEqual(['/home/ada/.agent', '/home/ada/project', '/home/ada/project/.git'])
  expect(args.filter((word) => /^--(dev-)?bind-try$|^--dev-bind$/.test(word))).toEqual([])
})

test('the environment is an allow-list: the plan adds, the machine does not', () => {
  expect(Object.keys(env).sort()).toEqual(
    [
      ...['AGENT_HOME', 'TOKEN', 'CLOCHE', 'COLORTERM', 'HOME', 'LANG', 'LOGNAME', 'PATH'],
      ...['SHELL', 'TERM', 'TMPDIR', 'USER', 'NODE_USE_ENV_PROXY'],
      ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'],
      ...['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
    ].sort(),
  )
  expect(env.PATH?.split(':')[0]).toBe('/home/ada/.nvm/v22/bin')
  expect(env.HTTPS_PROXY).toBe('http://127.0.0.1:3128')
  expect(env.all_proxy).toBe('socks5h://127.0.0.1:3128')
})

test('no variable and no path of a mount is on the command line', () => {
  const launch = launchSpec(plan, {
    shell: '/bin/bash',
    folder: '/run/user/1000/cloche/session-x',
    files: smallFiles({ '/etc/localtime': '/etc/localtime' }, '/bin/bash'),
    bubblewrap: '/usr/bin/bwrap',
    canaries: ['/secret', '/outside', '4711'],
    canaryEnv: { CLOCHE_CANARY: 'c' },
    probe: null,
    observed: null,
  })
  const line = [launch.file, ...launch.args].join('\n')
  expect(line).not.toContain('sk-secret')
  expect(line).not.toContain('.local/share/cloche')
  expect(launch.args.slice(-3)).toEqual(plan.argv)
  expect(launch.env).toEqual({ CLOCHE_CANARY: 'c' })
})

test('generated files know one user and no resolver but that of the gateway', () => {
  const files = generatedFiles(plan, 1000, 100)
  expect(files['/etc/passwd']?.split('\n')[0]).toBe('ada:x:1000:100:ada:/home/ada:/bin/sh')
  expect(files['/etc/hosts']?.split('\n')[0]).toBe(HOSTS_LINE)
  expect(files['/etc/resolv.conf']?.split('\n')[0]).toBe('nameserver 127.0.0.1')
})
