import type { AxisReport } from '../../../shared/domain/isolation.ts'
import { axisStateOf } from '../../../shared/domain/isolation.ts'
import type { StartFailure } from '../../../shared/domain/session.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { PlanInput } from '../../core/isolation/plan.ts'
import type { GuestKernel, Sandbox, SandboxBuild } from '../../core/ports.ts'
import { DIRECT_PORT, PROXY } from '../bubblewrap-args.ts'
import { readKernelFacts } from '../kernel-facts.ts'
import { createNetworkCanary, type NetworkCanary } from '../network-canary.ts'
import { createConnector } from '../ports/connector.ts'
import { forwardPort } from '../ports/forward.ts'
import { othersIn, TCP_TABLES } from '../ports/listening.ts'
import { type Canaries, parseReport, placeCanaries } from '../probe-canaries.ts'
import { PROBE_AGAIN_SCRIPT } from '../probe-script.ts'
import { judge } from '../probe-verdicts.ts'
import { makeRunFolder } from '../run-folder.ts'
import { findOver } from '../socket-finder.ts'
import { startSteps, Stopped, stoppedBy } from '../start-steps.ts'
import type { SandboxHelpers } from '../take-network.ts'
import {
  clockWords,
  type ConsoleLine,
  type GuestChannel,
  KIND,
  type Line,
  words,
} from './guest-channel.ts'
import { guestChildren, readGuestFacts } from './guest-facts.ts'
import { guestProc, signalInGuest } from './guest-proc.ts'
import { machineConnector } from './machine-connector.ts'
import { type Acceleration, DIAL_PORT } from './qemu-args.ts'
import { type MachineMonitor, machineMonitor } from './qmp.ts'

/** Lines to the machine, and what lies at the other end of each. */
export interface MachineLines {
  readonly control: GuestChannel
  readonly events: Line
  readonly owners: Line
  readonly qmp: Line
  readonly console: ConsoleLine
}

export interface MachineStart {
  readonly plan: PlanInput
  /** Words of `guestPlan`. */
  readonly guestWords: readonly string[]
  /** Names of the variables inside. */
  readonly variables: readonly string[]
  /** Folders of this machine that exist inside; canaries lie elsewhere. */
  readonly visible: readonly string[]
  /** A folder in which nothing can be made; empty: there is none. */
  readonly protectedFolder: string
  readonly canaries: Canaries
  readonly lines: MachineLines
  readonly acceleration: Acceleration
  /** The sandbox around the machine. */
  readonly around: SandboxBuild
  readonly helpers: SandboxHelpers
  readonly exited: AbortSignal
  /** Called when nothing of the machine is left. */
  readonly ended: () => Promise<void>
}

/** Milliseconds until the probe has reported. An emulated processor on a busy machine takes its time. */
const START_MS = { kvm: 30_000, tcg: 120_000 } as const
const POLL_MS = 5
/** The probe again, and until files are written when a machine is ended. */
const AGAIN_MS = { kvm: 15_000, tcg: 60_000 } as const
const STOP_MS = 3000

/**
 * Starts the machine inside the sandbox that was built around it, and follows it until it stands and
 * is proven, both the sandbox and the machine. On failure nothing of either is left.
 */
export async function startMachine(
  start: MachineStart,
  pid: number,
): Promise<Result<Sandbox, StartFailure>> {
  const around = await start.around.join(pid, start.exited)
  if (!around.ok) return around
  const result = await boot(start, around.value).catch((cause: unknown) => {
    const said = start.lines.console.text().trim()
    const words =
      cause instanceof Stopped && said !== ''
        ? new Stopped(cause.part, `${cause.message} The machine’s console: ${said}`.trim())
        : cause
    return stoppedBy(words, 'the virtual machine')
  })
  if (!result.ok) await endMachine(start, around.value)
  return result
}

async function endMachine({ lines, ended }: MachineStart, around: Sandbox): Promise<void> {
  for (const line of Object.values(lines)) line.close()
  await around.destroy()
  await ended()
}

async function boot(start: MachineStart, around: Sandbox): Promise<Result<Sandbox, StartFailure>> {
  const { lines, exited } = start
  const { control } = lines
  const { wait } = startSteps(exited, START_MS[start.acceleration], POLL_MS)
  const canary = createNetworkCanary()
  for (const listener of around.network?.direct?.listeners ?? []) canary.watch(listener)
  if (!around.network?.direct)
    canary.miss('the gateway serves none in the sandbox around the machine')
  await around.release()

  const until = <T>(part: string, read: () => T | null): Promise<T> =>
    wait(part, () => {
      const failure = control.failure()
      if (failure !== null) throw new Stopped('the virtual machine', failure)
      return read()
    })
  await until('the virtual machine', () => control.isReady() || null)
  const unserved = control.unserved()
  if (unserved !== null) canary.miss(unserved)
  control.tell(KIND.clock, clockWords(Date.now()))
  const look = canary.look()
  control.tell(KIND.plan, words(...start.guestWords))
  const rootPid = await until('the program’s first process', () => control.program())
  const report = await until('the file and process boundary', () => parseReport(control.report()))
  const direct = await look.seen(report.get('direct'))
  look.end()

  const proc = guestProc(control)
  const said = { report, isFresh: true, direct }
  const axes = merged(around.axes, await judgeMachine(start, proc, rootPid, start.canaries, said))
  if (axes.some((axis) => axis.proven !== 'enforced')) return err({ type: 'not_proven', axes })
  await start.canaries.close()
  const qmp = await until('QEMU', () => lines.qmp.socket())
  const kernel: GuestKernel = {
    rootPid,
    proc,
    events: () => {
      const socket = lines.events.socket()
      if (!socket) throw new Error('the machine has no line for events')
      return { stdin: socket, stdout: socket }
    },
    signal: (process, signal) => signalInGuest(control, process, signal),
  }
  return ok(makeSandbox(start, { around, canary, kernel, monitor: machineMonitor(qmp) }, axes))
}

type Said = Pick<Parameters<typeof judge>[0], 'report' | 'isFresh' | 'direct'>

/** The machine's own kernel on the program, and what this host saw of the probe's attempts. */
async function judgeMachine(
  start: MachineStart,
  proc: GuestKernel['proc'],
  rootPid: number,
  canaries: Canaries,
  said: Said,
): Promise<AxisReport[]> {
  const [program] = await guestChildren(proc, rootPid)
  const [seen, own, inside] = await Promise.all([
    canaries.observe(),
    readKernelFacts('self'),
    program === undefined ? null : readGuestFacts(proc, program),
  ])
  return judge({
    ...said,
    plan: start.plan,
    // What is read-only or hidden below a share is so by the sandbox's mounts, which its probe proved.
    ...{ entries: [], misplaced: [] },
    variables: start.variables,
    secret: canaries.secret,
    ...{ seen, inside, own },
    atMs: Date.now(),
  })
}

/** Both walls have to hold: each attempt stands under the axis it is about. */
function merged(around: readonly AxisReport[], inside: readonly AxisReport[]): AxisReport[] {
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

interface Standing {
  readonly around: Sandbox
  readonly canary: NetworkCanary
  readonly kernel: GuestKernel
  readonly monitor: MachineMonitor
}

function makeSandbox(
  start: MachineStart,
  { around, canary, kernel, monitor }: Standing,
  axes: readonly AxisReport[],
): Sandbox {
  const { control, owners } = start.lines
  const connector = machineConnector(createConnector(around.rootPid, start.helpers), DIAL_PORT)
  const sockets = owners.socket()
  // One finder for both walls would ask the sandbox's kernel, in which every connection is the runner's.
  const network = around.network && {
    ...around.network,
    sockets: sockets && findOver(sockets, sockets),
  }
  return {
    rootPid: around.rootPid,
    axes,
    limits: around.limits,
    watchLimits: around.watchLimits,
    probe: async () => merged(await around.probe(), await probeAgain(start, canary, kernel)),
    hasDrifted: async () => (await around.hasDrifted()) || !(await answers(kernel)),
    network,
    kernel,
    listening: async () => {
      const tables = TCP_TABLES.map(async (name) => {
        const table = await kernel.proc.read(`/proc/1/net/${name}`, 1024 * 1024)
        return table?.toString('latin1') ?? ''
      })
      return othersIn(await Promise.all(tables), [PROXY.port, DIRECT_PORT])
    },
    forward: (port) => forwardPort(connector, port),
    hold: async (isHeld) => {
      const isDone = await monitor.command(isHeld ? 'stop' : 'cont')
      // It slept through the time.
      if (!isHeld) control.tell(KIND.clock, clockWords(Date.now()))
      return isDone
    },
    release: async () => {
      control.tell(KIND.go)
    },
    terminate: async () => {
      control.tell(KIND.askToEnd)
    },
    destroy: async () => {
      connector.close()
      // What programs wrote through mapped memory is still in the machine's.
      await control.ask(KIND.stop, Buffer.alloc(0), STOP_MS)
      await endMachine(start, around)
    },
  }
}

/** A held machine answers nothing, and has nothing to drift. */
const answers = async ({ proc, rootPid }: GuestKernel): Promise<boolean> => {
  const facts = await readGuestFacts(proc, rootPid)
  return facts === null || facts.interfaces.join() === 'lo'
}

async function probeAgain(
  start: MachineStart,
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
