import { type AxisReport, axisStateOf, type Evidence } from '../../shared/domain/isolation.ts'
import { KEPT_HOME, type PlanInput } from '../core/isolation/plan.ts'
import { isDirectAddress } from '../core/direct-addresses.ts'
import { isWithin } from '../core/within.ts'
import { HOSTS_LINE } from './bubblewrap-args.ts'
import { MASKED_PATHS } from './containers/container-spec.ts'
import type { FileEntry } from './files/entries.ts'
import { uncovered } from './files/mounted.ts'
import type { KernelFacts, MountPoint } from './kernel-facts.ts'
import type { DirectSeen } from './network-canary.ts'
import type { Sightings } from './probe-canaries.ts'

export interface Findings {
  readonly plan: PlanInput
  /** What the probe said inside. */
  readonly report: ReadonlyMap<string, string>
  /** Content of the canary file. */
  readonly secret: string
  readonly seen: Sightings
  readonly direct: DirectSeen
  /** The kernel on the probe, which becomes the agent. */
  readonly inside: KernelFacts | null
  /** The kernel on this process. */
  readonly own: KernelFacts | null
  /** Names of the variables the boundary gave. */
  readonly variables: readonly string[]
  /** Mounts below and beside the workspace, as planned. */
  readonly entries: readonly FileEntry[]
  /** Absent: they are mounts of the kernel that was asked. Otherwise their own probe looks at them. */
  readonly areHeldAround?: boolean
  /** What is not where it was planned, in words. */
  readonly misplaced: readonly string[]
  /**
   * Whether the agent has not run yet. Later, what it made itself (files, variables, processes)
   * says nothing of the boundary, and those attempts are left out.
   */
  readonly isFresh: boolean
  readonly atMs: number
}

/** Pure: findings → what is proven on each axis, with evidence that a person can read. */
export function judge(findings: Findings): AxisReport[] {
  const grantedHosts = findings.plan.hosts.length
  const make = (
    axis: AxisReport['axis'],
    detail: string,
    evidence: readonly (Evidence | null)[],
  ): AxisReport => {
    const tried = evidence.filter((item) => item !== null)
    return {
      axis,
      requested: 'enforced',
      proven: axisStateOf(tried),
      breadth: axis === 'network' && grantedHosts > 0 ? 'wide' : 'narrow',
      detail,
      evidence: tried,
      provenAtMs: findings.atMs,
    }
  }
  const network =
    grantedHosts > 0
      ? `Closed but for ${grantedHosts} granted ${grantedHosts === 1 ? 'host' : 'hosts'}`
      : 'Closed; asks for each host'
  return [
    make('files', 'Workspace only', files(findings)),
    make('network', network, networkRows(findings)),
    make('processes', 'Sees only its own', processes(findings)),
    make('credentials', 'Clean environment, empty home', credentials(findings)),
  ]
}

/** `held` null: it could not be found out, which proves nothing. */
const row = (attempt: string, outcome: string, held: boolean | null): Evidence => ({
  attempt,
  outcome,
  verdict: held === null ? 'inconclusive' : held ? 'held' : 'open',
})

/** An attempt the probe could not make for want of a tool is no evidence either way. */
const tried = (said: string | undefined, make: (said: string) => Evidence): Evidence | null =>
  said === undefined ? null : make(said)

function apart({ inside, own }: Findings, name: string, words: string): Evidence {
  if (!inside || !own) return row(words, 'could not be read', null)
  const isApart = inside.namespaces[name] !== own.namespaces[name]
  return row(words, isApart ? 'yes' : 'it shares that of this machine', isApart)
}

function files(findings: Findings): (Evidence | null)[] {
  const { report, secret, seen, inside, isFresh } = findings
  const canRead = report.get('readable') === HOSTS_LINE
  const gotSecret = report.get('secret')?.includes(secret) ?? null
  const expected = homeEntries(findings)
  const home = report.get('home')?.split('/').filter(Boolean)
  const strangers = home?.filter((entry) => !expected.has(entry)) ?? []
  const writable =
    inside &&
    uncoveredMounts(inside.mounts)
      .filter(({ path, isWritable }) => isWritable && !mayBeWritable(findings, path))
      .map(({ path }) => path)
  return [
    row(
      'Read a secret file of yours outside the workspace',
      gotSecret ? 'its content was read' : 'refused',
      // Where not even a permitted file can be read, a refusal says nothing.
      gotSecret || canRead ? gotSecret === false : null,
    ),
    row(
      'Write a file outside the workspace',
      seen.wasWritten ? 'it appeared on the machine' : 'nothing appeared on the machine',
      !seen.wasWritten,
    ),
    row(
      'Write into /usr',
      report.get('system') ?? 'not reported',
      report.has('system') ? report.get('system') === 'refused' : null,
    ),
    isFresh
      ? row(
          'List your home folder',
          strangers.length > 0
            ? `shows ${strangers.join(', ')}`
            : `shows ${[...expected].join(', ') || 'nothing'}`,
          home ? strangers.length === 0 : null,
        )
      : null,
    row(
      'Folders of the machine that can be written',
      writable ? [...writableTops(findings), ...writable].join(', ') : 'unreadable',
      writable ? writable.length === 0 : null,
    ),
    protection(findings),
    tried(report.get('protected'), (said) =>
      row('Write below a read-only path of the workspace', said, said === 'refused'),
    ),
    row(
      'Files and folders are those that were planned',
      findings.misplaced.length === 0 ? 'yes' : findings.misplaced.join('; '),
      inside && findings.misplaced.length === 0,
    ),
    apart(findings, 'mnt', 'Has a mount table of its own'),
  ]
}

function protection({ entries, areHeldAround, inside }: Findings): Evidence | null {
  if (entries.length === 0 || areHeldAround) return null
  const words = 'Read-only and hidden paths of the workspace'
  if (!inside) return row(words, 'could not be read', null)
  const open = uncovered(entries, inside.mounts)
  const outcome = open.length === 0 ? `${entries.length} mounts, all in place` : open.join('; ')
  return row(words, outcome, open.length === 0)
}

function networkRows(findings: Findings): (Evidence | null)[] {
  const { report, seen, inside } = findings
  return [
    'missing' in findings.direct ? withoutDirect(findings.direct.missing) : null,
    tried(report.get('loopback'), (said) =>
      row(
        'Connect to a port of this machine',
        seen.connections === 0 ? 'nothing arrived' : `${seen.connections} connections arrived`,
        seen.connections === 0 && said === 'refused',
      ),
    ),
    tried(report.get('direct'), (said) => direct(said, findings.direct)),
    tried(report.get('name'), (said) =>
      row('Resolve a name', ...nameVerdict(said.split(/\s+/)[0] ?? '')),
    ),
    row(
      'Network interfaces',
      inside ? inside.interfaces.join(', ') : 'could not be read',
      inside && inside.interfaces.join() === 'lo',
    ),
    apart(findings, 'net', 'Has a network of its own'),
  ]
}

/** Nothing is open by it, but a person who wonders why such a program fails finds it here. */
const withoutDirect = (reason: string): Evidence =>
  row('Serve programs that know no proxy', `they have no way out here: ${reason}`, true)

/** What it says about its success counts for nothing: what arrived here does. */
function direct(said: string, seen: DirectSeen): Evidence {
  const words = 'Connect to an address without a proxy'
  if (said === 'refused') return row(words, said, true)
  const hasArrived = 'arrived' in seen && seen.arrived > 0
  return row(words, hasArrived ? 'it arrived at the gateway' : said, hasArrived)
}

function nameVerdict(address: string): [outcome: string, held: boolean] {
  if (address === '') return ['no answer', true]
  return isDirectAddress(address)
    ? ['a stand-in of the gateway’s', true]
    : [`${address}, which is not from the gateway`, false]
}

/** The probe, its own helpers and the sandbox's first process. */
const MAX_PROCESSES = 8

function processes(findings: Findings): (Evidence | null)[] {
  const { report, inside } = findings
  const count = Number(report.get('processes') ?? Number.NaN)
  return [
    findings.isFresh
      ? row(
          'See processes of this machine',
          Number.isNaN(count) ? 'not reported' : `${count} visible, its own`,
          Number.isNaN(count) ? null : count <= MAX_PROCESSES,
        )
      : null,
    tried(report.get('mount'), (said) =>
      row('Mount something, which takes a capability', said, said === 'refused'),
    ),
    tried(report.get('namespace'), (said) =>
      row('Make a namespace in which other rules hold', said, said === 'refused'),
    ),
    row(
      'Gain privileges through setuid programs',
      `no_new_privs ${inside?.noNewPrivs ?? 'unread'}`,
      inside && inside.noNewPrivs === '1',
    ),
    row(
      'System-call filter',
      inside?.seccomp === '2' ? 'in force' : `mode ${inside?.seccomp ?? 'unread'}`,
      inside && inside.seccomp === '2',
    ),
    row(
      'Capabilities',
      inside?.capabilities.every(isZero) ? 'none' : (inside?.capabilities.join(' ') ?? 'unread'),
      inside && inside.capabilities.every(isZero),
    ),
    apart(findings, 'pid', 'Has process numbers of its own'),
    ownUsers(findings),
  ]
}

/**
 * An engine that runs as root seldom makes one. Without capabilities and new privileges, both of
 * which are looked at here, nothing can be gained by the machine's.
 */
function ownUsers(findings: Findings): Evidence | null {
  const isOptional = findings.plan.level === 'container'
  const found = apart(findings, 'user', 'Has a user table of its own')
  return isOptional && found.verdict === 'open' ? null : found
}

const isZero = (mask: string): boolean => /^0+$/.test(mask)

/** What shells set themselves. */
const SHELL_VARIABLES = ['PWD', 'OLDPWD', 'SHLVL', '_']

function credentials(findings: Findings): (Evidence | null)[] {
  const { report, variables, isFresh } = findings
  const listed = report.get('variables')?.split(' ').filter(Boolean) ?? []
  const allowed = new Set([...variables, ...SHELL_VARIABLES])
  const strangers = listed.filter((name) => !allowed.has(name))
  const open = report.get('descriptors')?.trim()
  const sockets = report.get('sockets')?.trim()
  return [
    isFresh
      ? row(
          'Read the environment of every visible process',
          strangers.length > 0
            ? `shows ${strangers.join(', ')}`
            : 'only what the sandbox was given',
          // Its own must be among them, or the attempt did not work.
          strangers.length > 0 || listed.includes('HOME') ? strangers.length === 0 : null,
        )
      : null,
    isFresh
      ? row(
          'Use files and sockets left open by its starter',
          open === '' ? 'none' : `descriptors ${open ?? 'not reported'}`,
          open === undefined ? null : open === '',
        )
      : null,
    row(
      'Find sockets of your desktop, keys or engines',
      sockets === '' ? 'none' : (sockets ?? 'not reported'),
      sockets === undefined ? null : sockets === '',
    ),
    apart(findings, 'ipc', 'Has shared memory of its own'),
  ]
}

/** What the plan lets be written, and nothing below a read-only one. */
const writableTops = ({ plan, entries }: Findings): string[] => [
  plan.workspace,
  ...plan.mounts.filter((mount) => mount.access === 'write').map((mount) => mount.target),
  ...entries.filter(({ access }) => access === 'write').map(({ path }) => path),
]

/** What a later mount covers cannot be reached. */
const uncoveredMounts = (mounts: readonly MountPoint[]): MountPoint[] =>
  mounts.filter(({ path }, i) => !mounts.slice(i + 1).some((later) => isWithin(path, later.path)))

/** Kernel files (guarded by their own rules), private memory, and what the plan gives. */
function mayBeWritable(findings: Findings, path: string): boolean {
  // What hides a part of /proc is /dev/null: whatever is written there is gone.
  const hidden = findings.plan.level === 'container' ? MASKED_PATHS : []
  const kept = findings.plan.setUp?.kind === 'makes' ? [KEPT_HOME] : []
  const exactly = ['/proc', '/tmp', '/var/tmp', findings.plan.home, ...hidden, ...kept]
  const below = ['/dev', ...writableTops(findings)]
  return exactly.includes(path) || below.some((top) => isWithin(path, top))
}

/** First path part below home of everything the plan puts there. */
function homeEntries({ plan, entries }: Findings): Set<string> {
  const found = new Set<string>()
  const paths = [
    plan.workspace,
    ...plan.mounts.map((mount) => mount.target),
    ...entries.map(({ path }) => path),
  ]
  for (const path of paths)
    if (path.startsWith(`${plan.home}/`)) found.add(path.slice(plan.home.length + 1).split('/')[0]!)
  return found
}
