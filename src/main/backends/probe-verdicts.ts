import { type AxisReport, axisStateOf, type Evidence } from '../../shared/domain/isolation.ts'
import type { PlanInput } from '../core/isolation/plan.ts'
import { HOSTS_LINE } from './bubblewrap-args.ts'
import type { KernelFacts } from './kernel-facts.ts'
import type { Sightings } from './probe-canaries.ts'

export interface Findings {
  readonly plan: PlanInput
  /** What the probe said inside. */
  readonly report: ReadonlyMap<string, string>
  /** Content of the canary file. */
  readonly secret: string
  readonly seen: Sightings
  /** The kernel on the probe, which becomes the agent. */
  readonly inside: KernelFacts | null
  /** The kernel on this process. */
  readonly own: KernelFacts | null
  /** Names of the variables the boundary gave. */
  readonly variables: readonly string[]
  readonly atMs: number
}

/** Pure: findings → what is proven on each axis, with evidence that a person can read. */
export function judge(findings: Findings): AxisReport[] {
  const { grantedHosts } = findings.plan
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

function files(findings: Findings): Evidence[] {
  const { plan, report, secret, seen, inside } = findings
  const canRead = report.get('readable') === HOSTS_LINE
  const gotSecret = report.get('secret')?.includes(secret) ?? null
  const expected = homeEntries(plan)
  const home = report.get('home')?.split('/').filter(Boolean)
  const strangers = home?.filter((entry) => !expected.has(entry)) ?? []
  const writable = inside?.writableMounts.filter((path) => !mayBeWritable(plan, path))
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
    row(
      'List your home folder',
      strangers.length > 0
        ? `shows ${strangers.join(', ')}`
        : `shows ${[...expected].join(', ') || 'nothing'}`,
      home ? strangers.length === 0 : null,
    ),
    row(
      'Folders of the machine that can be written',
      writable ? [plan.workspace, ...stateFolders(plan), ...writable].join(', ') : 'unreadable',
      writable ? writable.length === 0 : null,
    ),
    apart(findings, 'mnt', 'Has a mount table of its own'),
  ]
}

function networkRows(findings: Findings): (Evidence | null)[] {
  const { report, seen, inside } = findings
  return [
    tried(report.get('loopback'), (said) =>
      row(
        'Connect to a port of this machine',
        seen.connections === 0 ? 'nothing arrived' : `${seen.connections} connections arrived`,
        seen.connections === 0 && said === 'refused',
      ),
    ),
    tried(report.get('direct'), (said) =>
      row('Connect to an address without the gateway', said, said === 'refused'),
    ),
    row(
      'Network interfaces',
      inside ? inside.interfaces.join(', ') : 'could not be read',
      inside && inside.interfaces.join() === 'lo',
    ),
    apart(findings, 'net', 'Has a network of its own'),
  ]
}

/** The probe, its own helpers and the sandbox's first process. */
const MAX_PROCESSES = 8

function processes(findings: Findings): (Evidence | null)[] {
  const { report, inside } = findings
  const count = Number(report.get('processes') ?? Number.NaN)
  return [
    row(
      'See processes of this machine',
      Number.isNaN(count) ? 'not reported' : `${count} visible, its own`,
      Number.isNaN(count) ? null : count <= MAX_PROCESSES,
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
    apart(findings, 'user', 'Has a user table of its own'),
  ]
}

const isZero = (mask: string): boolean => /^0+$/.test(mask)

/** What shells set themselves. */
const SHELL_VARIABLES = ['PWD', 'OLDPWD', 'SHLVL', '_']

function credentials(findings: Findings): Evidence[] {
  const { report, variables } = findings
  const listed = report.get('variables')?.split(' ').filter(Boolean) ?? []
  const allowed = new Set([...variables, ...SHELL_VARIABLES])
  const strangers = listed.filter((name) => !allowed.has(name))
  const open = report.get('descriptors')?.trim()
  const sockets = report.get('sockets')?.trim()
  return [
    row(
      'Read the environment of every visible process',
      strangers.length > 0 ? `shows ${strangers.join(', ')}` : 'only what the sandbox was given',
      // Its own must be among them, or the attempt did not work.
      strangers.length > 0 || listed.includes('HOME') ? strangers.length === 0 : null,
    ),
    row(
      'Use files and sockets left open by its starter',
      open === '' ? 'none' : `descriptors ${open ?? 'not reported'}`,
      open === undefined ? null : open === '',
    ),
    row(
      'Find sockets of your desktop, keys or engines',
      sockets === '' ? 'none' : (sockets ?? 'not reported'),
      sockets === undefined ? null : sockets === '',
    ),
    apart(findings, 'ipc', 'Has shared memory of its own'),
  ]
}

const stateFolders = (plan: PlanInput): string[] =>
  plan.mounts.filter((mount) => mount.access === 'write').map((mount) => mount.target)

/** Kernel files (guarded by their own rules), private memory, and what the plan gives. */
function mayBeWritable(plan: PlanInput, path: string): boolean {
  const exactly = ['/proc', '/tmp', '/var/tmp', plan.home]
  const below = ['/dev', plan.workspace, ...stateFolders(plan)]
  return exactly.includes(path) || below.some((top) => path === top || path.startsWith(`${top}/`))
}

/** First path part below home of everything the plan puts there. */
function homeEntries(plan: PlanInput): Set<string> {
  const entries = new Set<string>()
  for (const path of [plan.workspace, ...plan.mounts.map((mount) => mount.target)])
    if (path.startsWith(`${plan.home}/`))
      entries.add(path.slice(plan.home.length + 1).split('/')[0]!)
  return entries
}
