import type { AxisReport } from '../../../shared/domain/isolation.ts'
import type { StartFailure } from '../../../shared/domain/session.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { GuestKernel, Sandbox, SandboxBuild } from '../../core/ports.ts'
import { DIRECT_PORT, PROXY } from '../bubblewrap-args.ts'
import { createNetworkCanary, type NetworkCanary } from '../network-canary.ts'
import { createConnector } from '../ports/connector.ts'
import { forwardPort } from '../ports/forward.ts'
import { othersIn, TCP_TABLES } from '../ports/listening.ts'
import { type Canaries, parseReport } from '../probe-canaries.ts'
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
import { enterMachine, type MachineEntry } from './guest-enter.ts'
import { guestProc, signalInGuest } from './guest-proc.ts'
import {
  judgeMachine,
  machineProbe,
  type MachinePlan,
  merged,
  unanswered,
} from './machine-probe.ts'
import type { Ground } from './ground.ts'
import { machineConnector } from './machine-connector.ts'
import { DIAL_PORT } from './qemu-args.ts'
import { type MachineMonitor, machineMonitor } from './qmp.ts'

/** Lines to the machine, and what lies at the other end of each. */
export interface MachineLines {
  readonly control: GuestChannel
  readonly events: Line
  readonly owners: Line
  readonly qmp: Line
  readonly console: ConsoleLine
}

export interface MachineStart extends MachinePlan {
  /** Words of `guestPlan`. */
  readonly guestWords: readonly string[]
  readonly canaries: Canaries
  readonly lines: MachineLines
  /** The sandbox around the machine. */
  readonly around: SandboxBuild
  readonly helpers: SandboxHelpers
  readonly entry: MachineEntry
  /** What stands around the machine. */
  readonly ground: Ground
  readonly exited: AbortSignal
  /** Called when nothing of the machine is left. */
  readonly ended: () => Promise<void>
}

/** Milliseconds until the probe has reported. An emulated processor on a busy machine takes its time. */
const START_MS = { kvm: 30_000, hvf: 30_000, tcg: 120_000 } as const
const POLL_MS = 5
const NO_WAY_IN = 'On macOS no port of a virtual machine can be opened from outside.'
/** Until files are written when a machine is ended. */
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
    const told =
      cause instanceof Stopped && said !== ''
        ? new Stopped(cause.part, `${cause.message} The machine’s console: ${said}`.trim())
        : cause
    return stoppedBy(told, 'the virtual machine')
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
  if (unserved !== null && around.network?.direct) canary.miss(unserved)
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
  const machine = machineProbe(start, canary, kernel)
  let isHeld = false
  const connector = machineConnector(createConnector(around.rootPid, start.helpers), DIAL_PORT)
  const sockets = owners.socket()
  // One finder for both walls would ask the sandbox's kernel, in which every connection is the runner's.
  const finder = sockets && findOver(sockets, sockets)
  const network = around.network && {
    ...around.network,
    sockets: finder && start.ground.asInside(finder, around.network.proxy),
  }
  return {
    rootPid: around.rootPid,
    axes,
    limits: around.limits,
    watchLimits: around.watchLimits,
    changeLimits: around.changeLimits,
    probe: async () => {
      const why = isHeld ? 'it is frozen' : (await machine.answers()) ? null : 'it does not answer'
      return why === null ? machine.probe(await around.probe()) : unanswered(axes, why)
    },
    // One that is frozen answers nothing, and nothing changes in it.
    hasDrifted: async () => !isHeld && ((await around.hasDrifted()) || !(await machine.answers())),
    // A socket of this machine's is none in another kernel.
    keepMounts:
      around.keepMounts &&
      ((told) => {
        around.keepMounts?.(told)
        return { appeared: () => undefined }
      }),
    network,
    kernel,
    listening: async () => {
      const tables = TCP_TABLES.map(async (name) => {
        const table = await kernel.proc.read(`/proc/1/net/${name}`, 1024 * 1024)
        return table?.toString('latin1') ?? ''
      })
      return othersIn(await Promise.all(tables), [PROXY.port, DIRECT_PORT])
    },
    forward: (port) =>
      start.ground.hasNetwork ? forwardPort(connector, port) : Promise.resolve(err(NO_WAY_IN)),
    // Around the machine there is a sandbox, and a program that enters that is not in the machine.
    enter: (shell) => enterMachine(start.entry, { kernel, connector }, shell),
    hold: async (wanted) => {
      const isDone = await monitor.command(wanted ? 'stop' : 'cont')
      if (isDone) isHeld = wanted
      // It slept through the time.
      if (!wanted) control.tell(KIND.clock, clockWords(Date.now()))
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
      if (!isHeld) await control.ask(KIND.stop, Buffer.alloc(0), STOP_MS)
      await endMachine(start, around)
    },
  }
}
