import { lstat, readFile, realpath, stat } from 'node:fs/promises'
import type { Diagnosis, Remedy } from '../../shared/domain/sandbox.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import { run } from './spawn.ts'

/** The first with every option we use (`--clearenv`, `--userns-block-fd`). */
const OLDEST = [0, 5] as const

const PATHS = ['/usr/bin/bwrap', '/bin/bwrap', '/usr/local/bin/bwrap']

/** An absolute path to a bwrap only root can change; whatever else is called so is not run. */
export async function findBubblewrap(
  paths: readonly string[] = PATHS,
): Promise<Result<string, string>> {
  let refused = ''
  for (const path of paths) {
    if (!(await lstat(path).catch(() => null))) continue
    const target = await realpath(path).catch(() => path)
    const info = await stat(target).catch(() => null)
    if (!info?.isFile() || info.uid !== 0 || (info.mode & 0o022) !== 0)
      refused = `${path} belongs to somebody else than root or can be changed by others`
    else if ((info.mode & 0o4000) !== 0)
      refused = `${path} is set-user-id root, which is another kind of sandbox than the one used here`
    else return ok(target)
  }
  return err(refused || 'bubblewrap (bwrap) is not installed')
}

const INSTALL: readonly Remedy[] = [
  { say: 'Debian, Ubuntu', command: 'sudo apt-get install bubblewrap' },
  { say: 'Fedora, RHEL', command: 'sudo dnf install bubblewrap' },
  { say: 'Arch', command: 'sudo pacman -S bubblewrap' },
  { say: 'openSUSE', command: 'sudo zypper install bubblewrap' },
]

/** What may refuse user namespaces, and how its owner lifts it. Shown as text, never executed. */
const SWITCHES: readonly {
  readonly path: string
  readonly blocks: (value: string) => boolean
  readonly remedy: Remedy
}[] = [
  {
    path: '/proc/sys/user/max_user_namespaces',
    blocks: (value) => value === '0',
    remedy: {
      say: 'User namespaces are switched off on this machine. Its administrator can allow them:',
      command: 'sudo sysctl user.max_user_namespaces=15000',
    },
  },
  {
    path: '/proc/sys/kernel/unprivileged_userns_clone',
    blocks: (value) => value === '0',
    remedy: {
      say: 'User namespaces are kept for root on this machine. Its administrator can allow them:',
      command: 'sudo sysctl kernel.unprivileged_userns_clone=1',
    },
  },
  {
    path: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    blocks: (value) => value === '1',
    remedy: {
      say: 'AppArmor restricts user namespaces (Ubuntu 23.10 and later). A profile for bwrap lifts it for bwrap alone:',
      command: `sudo tee /etc/apparmor.d/bwrap <<'EOF'
abi <abi/4.0>,
include <tunables/global>
profile bwrap /usr/bin/bwrap flags=(unconfined) {
  userns,
}
EOF
sudo systemctl reload apparmor`,
    },
  },
]

/** None of the known switches is off, so the refusal comes from around this machine. */
const ELSEWHERE: Remedy = {
  say: 'Inside a container or another sandbox, whoever runs that must allow user namespaces; elsewhere the words of the trial run say what is refused.',
  command: null,
}

/** Unreadable versions are left to the trial run. */
export function isTooOld(version: string): boolean {
  const parts = /(\d+)\.(\d+)/.exec(version)
  if (!parts) return false
  const [major, minor] = [Number(parts[1]), Number(parts[2])]
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
}

/** A trial run decides; the switches only explain. */
export async function diagnoseBubblewrap(paths?: readonly string[]): Promise<Diagnosis> {
  const common = { id: 'bubblewrap', title: 'OS sandbox (bubblewrap)', level: 'os' as const }
  if (process.platform !== 'linux')
    return {
      ...common,
      status: 'unsupported',
      summary: 'bubblewrap is for Linux.',
      facts: [{ name: 'Platform', value: process.platform }],
      remedies: [],
    }
  const found = await findBubblewrap(paths)
  if (!found.ok)
    return {
      ...common,
      status: 'missing',
      summary: `No OS sandbox: ${found.error}.`,
      facts: [],
      remedies: [...INSTALL],
    }
  const version = (await run(found.value, ['--version'], { timeoutMs: 5000 })).stdout.trim()
  if (isTooOld(version))
    return {
      ...common,
      status: 'missing',
      summary: `${version} is too old: ${OLDEST.join('.')} or newer is needed.`,
      facts: [{ name: 'Program', value: found.value }],
      remedies: [...INSTALL],
    }
  const facts = [
    { name: 'Program', value: found.value },
    { name: 'Version', value: version || 'unknown' },
  ]
  const remedies: Remedy[] = []
  for (const { path, blocks, remedy } of SWITCHES) {
    const value = (await readFile(path, 'utf8').catch(() => '')).trim()
    if (value === '') continue
    facts.push({ name: path.slice('/proc/sys/'.length).replaceAll('/', '.'), value })
    if (blocks(value)) remedies.push(remedy)
  }
  const trial = await run(found.value, TRIAL, { timeoutMs: 5000 })
  facts.push({
    name: 'Trial run',
    value: trial.code === 0 ? 'succeeded' : trial.stderr.trim() || `ended with ${trial.code}`,
  })
  const nsenter = await run('nsenter', ['--version'], { timeoutMs: 5000 })
  if (trial.code !== 0)
    return {
      ...common,
      status: 'blocked',
      summary: 'bubblewrap is installed, but this machine refuses to let it build a sandbox.',
      facts,
      remedies: remedies.length > 0 ? remedies : [ELSEWHERE],
    }
  if (nsenter.code !== 0)
    return {
      ...common,
      status: 'missing',
      summary: 'nsenter is missing; without it a sandbox has no way to the gateway.',
      facts,
      remedies: [{ say: 'Debian, Ubuntu', command: 'sudo apt-get install util-linux' }],
    }
  return {
    ...common,
    status: 'usable',
    summary: 'Sessions run in a sandbox of their own: files, network, processes, credentials.',
    facts,
    remedies: [],
  }
}

const TRIAL = [
  ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts'],
  ...['--ro-bind', '/usr', '/usr', '--ro-bind-try', '/lib', '/lib'],
  ...['--ro-bind-try', '/lib64', '/lib64', '--ro-bind-try', '/bin', '/bin'],
  ...['--proc', '/proc', '--dev', '/dev', '--', '/bin/sh', '-c', ':'],
]
