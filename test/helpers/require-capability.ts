import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'vitest'
import { LEVEL } from './level.ts'

const READER = resolve(import.meta.dirname, '../../out/native/process-events')

const NETWORK = resolve(import.meta.dirname, '../../out/native/sandbox-network')

const CHECKS: Readonly<Record<string, () => boolean>> = {
  Xvfb: () => spawnSync('sh', ['-c', 'command -v Xvfb']).status === 0,
  'dbus-daemon': () => spawnSync('dbus-daemon', ['--version']).status === 0,
  'ssh-agent': () => spawnSync('sh', ['-c', 'command -v ssh-agent']).status === 0,
  /** Of this user's, and on this machine. */
  'a container engine': () =>
    spawnSync('docker', ['version', '--format', '{{.Server.Version}}']).status === 0,
  'an engine that may be killed': () => process.env.CLOCHE_TEST_ENGINE_RESTART !== undefined,
  bubblewrap: () =>
    spawnSync('bwrap', ['--unshare-user', '--ro-bind', '/', '/', 'true']).status === 0,
  /** What of the kernel it takes shows only in a sandbox; then the tests fail. */
  'direct connections': () => isExecutable(NETWORK),
  /** QEMU, and a kernel of the distribution's that can share folders. */
  machines: () =>
    spawnSync('qemu-system-x86_64', ['--version']).status === 0 &&
    spawnSync('sh', [
      '-c',
      'for k in /lib/modules/*; do test -e "$k"/kernel/fs/9p && exit; done; exit 1',
    ]).status === 0,
  /** Numbers of a pid namespace that come round soon: pid_max per namespace came with Linux 6.14. */
  'few pids': () =>
    spawnSync('unshare', [
      '-Urpf',
      '--mount-proc',
      'sh',
      '-c',
      'echo 400 >/proc/sys/kernel/pid_max',
    ]).status === 0,
  /** Makes disks of images; prints its version and fails. */
  sqfstar: () => spawnSync('sqfstar', ['-version']).error === undefined,
  'process events': () => spawnSync(READER, { input: '' }).status === 0,
  curl: () => spawnSync('curl', ['--version']).status === 0,
  cgroups: () => {
    const homes = spawnSync('cat', ['/proc/self/cgroup'], { encoding: 'utf8' }).stdout
    const path = /^\d+:pids:(.*)$/m.exec(homes)?.[1]
    return path !== undefined && isWritable(`/sys/fs/cgroup/pids${path}`)
  },
  'a group that freezes': () => {
    const mounts = spawnSync('cat', ['/proc/self/mounts'], { encoding: 'utf8' }).stdout
    const point = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1]
    const groups = spawnSync('cat', ['/proc/self/cgroup'], { encoding: 'utf8' }).stdout
    const path = /^0::(.*)$/m.exec(groups)?.[1]
    return point !== undefined && path !== undefined && isWritable(`${point}${path}/cgroup.procs`)
  },
  gcc: () => spawnSync('gcc', ['--version']).status === 0,
  'gpg-agent': () => spawnSync('sh', ['-c', 'command -v gpg-agent']).status === 0,
  namespaces: () => spawnSync('unshare', ['-Urnpf', '--mount-proc', 'ip', 'link']).status === 0,
  'an ordinary user': () => process.getuid?.() !== 0,
  openssl: () => spawnSync('openssl', ['version']).status === 0,
  git: () => spawnSync('git', ['--version']).status === 0,
  nc: () => spawnSync('sh', ['-c', 'command -v nc']).status === 0,
  npm: () => spawnSync('npm', ['--version']).status === 0,
  /** The system's own: others are not seen in a sandbox. */
  pip: () => spawnSync('/usr/bin/python3', ['-m', 'pip', '--version']).status === 0,
  ssh: () => spawnSync('ssh', ['-V']).status === 0,
  rg: () => spawnSync('rg', ['--version']).status === 0,
  xz: () => spawnSync('xz', ['--version']).status === 0,
  socat: () => spawnSync('socat', ['-V']).status === 0,
  python3: () => spawnSync('python3', ['--version']).status === 0,
}

const isWritable = (path: string): boolean => isAllowed(path, constants.W_OK)
const isExecutable = (path: string): boolean => isAllowed(path, constants.X_OK)

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/**
 * Tests that need something of the machine. In CI its absence is a failure; elsewhere the tests
 * are skipped and say why.
 */
export function requireCapability(...names: (keyof typeof CHECKS)[]): typeof test {
  // What makes the wall that is tested.
  const wall = {
    os: ['bubblewrap'],
    container: ['a container engine'],
    vm: ['bubblewrap', 'machines'],
  }[LEVEL]
  const needed = names.flatMap((name) => (name === 'bubblewrap' ? wall : [name]))
  const missing = needed.filter((name) => !CHECKS[name]?.())
  if (missing.length === 0) return test
  const reason = `this machine lacks ${missing.join(', ')}`
  if (process.env.CI) throw new Error(`${reason}, and CI must have it`)
  console.log(`skipped: ${reason}`)
  return test.skip as unknown as typeof test
}
