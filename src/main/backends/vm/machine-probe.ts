import { type AxisReport, axisStateOf } from '../../../shared/domain/isolation.ts'
import type { PlanInput } from '../../core/isolation/plan.ts'
import type { GuestKernel } from '../../core/ports.ts'
import type { FileEntry } from '../files/entries.ts'
import { ownKernelFacts } from '../kernel-facts.ts'
import type { NetworkCanary } from '../network-canary.ts'
import { type Canaries, parseReport, placeCanaries } from '../probe-canaries.ts'
import { PROBE_AGAIN_SCRIPT } from '../probe-script.ts'
import { judge } from '../probe-verdicts.ts'
import { makeRunFolder } from '../run-folder.ts'
import { type GuestChannel, KIND, numbered, words } from './guest-channel.ts'
import { guestChildren, readGuestFacts } from './guest-facts.ts'
import type { Acceleration } from './processors.ts'

/** What a machine is measured by. */
export interface MachinePlan {
  readonly plan: PlanInput
  /** Names of the variables inside. */
  readonly variables: readonly string[]
  /** What is put below and beside the workspace. */
  readonly entries: readonly FileEntry[]
  /** Folders of this machine that exist inside; canaries lie elsewhere. */
  readonly visible: readonly string[]
  /** A folder in which nothing can be made; empty: there is none. */
  readonly protectedFolder: string
  readonly acceleration: Acceleration
  readonly lines: { readonly control: Pick<GuestChannel, 'ask'> }
}

/** An emulated processor takes its time. */
const AGAIN_MS = { kvm: 15_000, hvf: 15_000, tcg: 60_000 } as const
/** Whoever does not answer a question this small hangs. With the time between two looks: within 5 s. */
const ANSWER_MS = 2500
/** So long it counts as still hanging: who looks at once what else is open is not kept waiting again. */
const STILL_MS = 500

type Said = Pick<Parameters<typeof judge>[0], 'report' | 'isFresh' | 'direct'>

/** The machine's own kernel on the program, and what this host saw of the probe's attempts. */
export async function judgeMachine(
  start: MachinePlan,
  proc: GuestKernel['proc'],
  rootPid: number,
  canaries: Canaries,
  said: Said,
): Promise<AxisReport[]> {
  const [program] = await guestChildren(proc, rootPid)
  const [seen, own, inside] = await Promise.all([
    canaries.observe(),
    ownKernelFacts(),
    program === undefined ? null : readGuestFacts(proc, program),
  ])
  return judge({
    ...said,
    report: 'missing' in said.direct ? withoutDirect(said.report) : said.report,
    plan: start.plan,
    // What is read-only or hidden below a share is so by the sandbox's mounts, which its probe proved.
    ...{ entries: start.entries, areHeldAround: true, misplaced: [] },
    variables: start.variables,
    secret: canaries.secret,
    ...{ seen, inside, own },
    atMs: Date.now(),
  })
}

/**
 * Where the sandbox around serves no direct connections, the machine's own end still takes them before it
 * learns that they go nowhere. That they are refused is then seen by the probe of that sandbox.
 */
const withoutDirect = (report: Said['report']): Said['report'] =>
  new Map([...report].filter(([name]) => name !== 'direct'))

/** Both walls have to hold: each attempt stands under the axis it is about. */
export function merged(around: readonly AxisReport[], inside: readonly AxisReport[]): AxisReport[] {
  return inside.map((report) => {
    const outer = around.find(({ axis }) => axis === report.axis)
    const evidence = [
      ...report.evidence,
      ...(outer?.evidence ?? []).map((item) => ({
        ...item,
        attempt: `Around the machine: ${item.attempt}`,
      })),
    ]
    return { ...report, evidence, proven: axisStateOf(evidence) }
  })
}

/** Nothing that was proven counts while nobody can look. */
export const unanswered = (axes: readonly AxisReport[], why: string): AxisReport[] =>
  axes.map((axis) => ({
    ...axis,
    proven: 'unknown',
    evidence: [{ attempt: 'Ask the machine', outcome: why, verdict: 'inconclusive' }],
    provenAtMs: Date.now(),
  }))

export interface MachineProbe {
  answers(): Promise<boolean>
  /** `around`: what was proven of the sandbox around the machine. */
  probe(around: readonly AxisReport[]): Promise<readonly AxisReport[]>
}

export function machineProbe(
  start: MachinePlan,
  canary: NetworkCanary,
  kernel: GuestKernel,
): MachineProbe {
  let hungAtMs = Number.NEGATIVE_INFINITY
  return {
    answers: async () => {
      if (performance.now() - hungAtMs < STILL_MS) return false
      const asked = numbered(64, '/proc/uptime')
      const answer = await start.lines.control.ask(KIND.read, asked, ANSWER_MS)
      if (answer === null) hungAtMs = performance.now()
      return answer !== null
    },
    probe: async (around) => merged(around, await probeAgain(start, canary, kernel)),
  }
}

async function probeAgain(
  start: MachinePlan,
  canary: NetworkCanary,
  { proc, rootPid }: GuestKernel,
): Promise<AxisReport[]> {
  const folder = await makeRunFolder(start.visible)
  const canaries = await placeCanaries(folder.path)
  const look = canary.look()
  try {
    const shell = ['/bin/sh', '-c', PROBE_AGAIN_SCRIPT, 'cloche-probe']
    const asked = words(...shell, ...canaries.args, start.protectedFolder)
    const said = await start.lines.control.ask(KIND.run, asked, AGAIN_MS[start.acceleration])
    const report = parseReport(said?.toString('utf8') ?? '') ?? new Map<string, string>()
    const direct = await look.seen(report.get('direct'))
    return await judgeMachine(start, proc, rootPid, canaries, { report, isFresh: false, direct })
  } finally {
    look.end()
    await canaries.close()
    await folder.remove()
  }
}
