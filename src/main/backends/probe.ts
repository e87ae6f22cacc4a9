import { randomBytes } from 'node:crypto'
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type AxisReport, axisStateOf, type Evidence } from '../../shared/domain/isolation.ts'
import type { PlanInput } from '../core/isolation/plan.ts'
import { type KernelFacts, readKernelFacts } from './kernel-facts.ts'

/** Things on the machine that no sandbox may reach, made for one start. */
export interface Canaries {
  /** Where they are, as the probe script takes them. */
  readonly args: readonly string[]
  /** What the machine saw; call after the probe reported. */
  observe(): Promise<{ readonly wasWritten: boolean; readonly connections: number }>
  close(): Promise<void>
}

/** `folder` must lie outside everything the sandbox mounts. */
export async function placeCanaries(folder: string): Promise<Canaries> {
  const secret = join(folder, 'canary-secret')
  const outside = join(folder, 'canary-outside')
  await writeFile(secret, randomBytes(16).toString('hex'), { mode: 0o600 })
  let connections = 0
  const server: Server = createServer((socket) => {
    connections++
    socket.destroy()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no canary port')
  return {
    args: [secret, outside, String(address.port)],
    observe: async () => ({
      wasWritten: await access(outside).then(
        () => true,
        () => false,
      ),
      connections,
    }),
    close: async () => {
      server.close()
      await rm(secret, { force: true })
      await rm(outside, { force: true })
    },
  }
}

/** What the probe said, by name; null until it is complete. */
export async function readReport(path: string): Promise<ReadonlyMap<string, string> | null> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const report = new Map<string, string>()
  for (const line of text.split('\n')) {
    const tab = line.indexOf('\t')
    if (tab > 0) report.set(line.slice(0, tab), line.slice(tab + 1))
  }
  return report.has('done') ? report : null
}

export interface Findings {
  readonly plan: PlanInput
  readonly report: ReadonlyMap<string, string>
  readonly seen: { readonly wasWritten: boolean; readonly connections: number }
  readonly inside: KernelFacts | null
  readonly own: KernelFacts | null
  readonly atMs: number
}

export const gatherFacts = async (
  pid: number,
): Promise<{ inside: KernelFacts | null; own: KernelFacts | null }> => ({
  inside: await readKernelFacts(pid),
  own: await readKernelFacts('self'),
})

/** Pure: findings → what is proven on each axis, with the evidence a person can read. */
export function judge(findings: Findings): AxisReport[] {
  const { plan, report } = findings
  const said = (name: string): string => report.get(name) ?? 'not reported'
  const row = (attempt: string, outcome: string, held: boolean | null): Evidence => ({
    attempt,
    outcome,
    verdict: held === null ? 'inconclusive' : held ? 'held' : 'open',
  })
  const { inside, own } = findings
  const apart = (name: string, words: string): Evidence => {
    if (!inside || !own) return row(words, 'could not be read', null)
    const isApart = inside.namespaces[name] !== own.namespaces[name]
    return row(words, inside.namespaces[name] ?? 'absent', isApart)
  }
  const homeEntries = said('home').split('/').filter(Boolean)
  const expected = expectedHomeEntries(plan)
  const extra = homeEntries.filter((entry) => !expected.has(entry))

  const files = [
    row(
      'Read a secret file of yours outside the workspace',
      said('secret'),
      said('secret') === 'refused',
    ),
    row(
      'Write a file outside the workspace',
      findings.seen.wasWritten
        ? 'the file appeared on the machine'
        : 'nothing appeared on the machine',
      !findings.seen.wasWritten,
    ),
    row('Write into /usr', said('system'), said('system') === 'refused'),
    row(
      'List your home folder',
      extra.length === 0
        ? `only ${[...expected].join(', ') || 'nothing'}`
        : `also ${extra.join(', ')}`,
      report.has('home') ? extra.length === 0 : null,
    ),
    apart('mnt', 'Has a mount table of its own'),
  ]
  const network = [
    row(
      'Connect to a port of this machine',
      `${findings.seen.connections} connections arrived`,
      findings.seen.connections === 0,
    ),
    row(
      'Connect to an address without the gateway',
      said('direct'),
      said('direct') === 'untried' ? null : said('direct') === 'refused',
    ),
    row(
      'Network interfaces',
      inside ? inside.interfaces.join(', ') : 'could not be read',
      inside ? inside.interfaces.length === 1 && inside.interfaces[0] === 'lo' : null,
    ),
    apart('net', 'Has a network of its own'),
  ].filter(
    // Without bash there is no tool for this attempt; the interfaces alone then prove it.
    (item) => item.outcome !== 'untried',
  )
  const processes = [
    row(
      'See processes of this machine',
      `${said('processes')} visible`,
      Number(said('processes')) <= 8,
    ),
    apart('pid', 'Has process numbers of its own'),
    row(
      'Gain privileges (setuid programs)',
      `NoNewPrivs ${inside?.noNewPrivs ?? 'unread'}`,
      inside && inside.noNewPrivs === '1',
    ),
    row(
      'System-call filter',
      `Seccomp mode ${inside?.seccomp ?? 'unread'}`,
      inside && inside.seccomp === '2',
    ),
    row(
      'Capabilities',
      inside ? inside.capabilities.join(' ') : 'could not be read',
      inside && inside.capabilities.every((mask) => /^0+$/.test(mask)),
    ),
  ]
  const credentials = [
    row(
      'Read the environment it was launched from',
      said('environ').trim() === '' ? 'empty' : 'not empty',
      report.has('environ') ? said('environ').trim() === '' : null,
    ),
    row(
      'Find files and sockets left open',
      said('descriptors').trim() === '' ? 'none' : `descriptors ${said('descriptors').trim()}`,
      report.has('descriptors') ? said('descriptors').trim() === '' : null,
    ),
    row(
      'Find sockets of your desktop, keys or engines',
      said('sockets').trim() === '' ? 'none' : said('sockets').trim(),
      report.has('sockets') ? said('sockets').trim() === '' : null,
    ),
    apart('ipc', 'Has shared memory of its own'),
  ]
  const wide = plan.grantedHosts > 0
  const make = (
    axis: AxisReport['axis'],
    evidence: Evidence[],
    detail: string,
    isWide = false,
  ): AxisReport => ({
    axis,
    requested: 'enforced',
    proven: axisStateOf(evidence),
    breadth: isWide ? 'wide' : 'narrow',
    detail,
    evidence,
    provenAtMs: findings.atMs,
  })
  return [
    make('files', files, 'Workspace only'),
    make(
      'network',
      network,
      wide ? `Closed but for ${plan.grantedHosts} granted hosts` : 'Closed; asks for each host',
      wide,
    ),
    make('processes', processes, 'Sees only its own'),
    make('credentials', credentials, 'Clean environment, empty home'),
  ]
}

/** First path part below home of everything the plan puts there. */
function expectedHomeEntries(plan: PlanInput): Set<string> {
  const entries = new Set<string>()
  for (const path of [plan.workspace, ...plan.mounts.map((mount) => mount.target)])
    if (path.startsWith(`${plan.home}/`))
      entries.add(path.slice(plan.home.length + 1).split('/')[0]!)
  return entries
}
