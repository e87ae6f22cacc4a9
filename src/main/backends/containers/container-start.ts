import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type Docker from 'dockerode'
import type { AxisReport } from '../../../shared/domain/isolation.ts'
import { LIMIT_KEYS, type LimitName, type Limits } from '../../../shared/domain/limits.ts'
import type { StartFailure } from '../../../shared/domain/session.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { Log, Sandbox } from '../../core/ports.ts'
import { DIRECT_PORT, PROXY } from '../bubblewrap-args.ts'
import { keepLimits, type LimitKeeper, type LimitOptions } from '../limits/keeper.ts'
import { forwardPort } from '../ports/forward.ts'
import { readListening } from '../ports/listening.ts'
import type { Canaries } from '../probe-canaries.ts'
import { hasDrifted, judgeSandbox, type Planned, probeAgain } from '../probe-run.ts'
import { askChildren, endProcess, identify, type ProcessIdentity } from '../process-identity.ts'
import { startSteps, Stopped, stoppedBy } from '../start-steps.ts'
import type { BootChannel } from './boot-channel.ts'
import { type ContainerEntry, enterContainer } from './container-enter.ts'
import { containerGroups } from './container-groups.ts'
import { containerConnector, runInContainer } from './container-exec.ts'
import { INIT } from './container-spec.ts'
import type { EngineFacts } from './engines.ts'
import type { ContainerNetwork } from './network-container.ts'
import { removeContainer } from './owner.ts'

export interface ContainerStart {
  readonly planned: Planned
  readonly engine: EngineFacts
  readonly container: Docker.Container
  /** Which it has joined. */
  readonly network: ContainerNetwork
  /** Made by the bridge when it has joined the terminals. */
  readonly joined: string
  readonly channel: BootChannel
  readonly canaries: Canaries
  /** `uid:gid` of programs inside. */
  readonly user: string
  readonly entry: ContainerEntry
  /** Of a set-up: called when its program ended well, before the container is removed. */
  readonly keep: (() => Promise<void>) | null
  /** Called when the last process is gone and the container is removed. */
  readonly ended: () => Promise<void>
  readonly exited: AbortSignal
  readonly name: string
  readonly limits: LimitOptions
  readonly log: Log
}

const START_MS = 30_000
const END_MS = 10_000
const POLL_MS = 2

/** What a failed start has to undo. */
interface Started {
  keeper: LimitKeeper | null
}

/**
 * Follows a container until it stands and is proven. On failure its processes are ended; the rest
 * stays for `abandon`.
 */
export async function startContainer(
  start: ContainerStart,
): Promise<Result<Sandbox, StartFailure>> {
  const started: Started = { keeper: null }
  const result = await build(start, started).catch((cause: unknown) =>
    stoppedBy(cause, 'the container'),
  )
  if (!result.ok) {
    start.channel.close()
    await started.keeper?.release()
    start.log.warn(`a container did not start: ${result.error.type}`)
  }
  return result
}

async function build(
  start: ContainerStart,
  started: Started,
): Promise<Result<Sandbox, StartFailure>> {
  const { channel, exited } = start
  const { wait } = startSteps(exited, START_MS, POLL_MS)
  // The first thing the probe does may be to connect.
  const look = start.network.canary.look()
  // Its terminal is joined meanwhile: nothing is said there before the agent starts.
  await start.container.start()
  await wait('the container', () => channel.isConnected() || null)
  const root = await firstProcess(start.container)
  const reported = wait('the file and process boundary', () => channel.report())
  const keeper = await keep(start, root.pid, reported)
  started.keeper = keeper
  const report = await reported
  await wait('the terminal', () => existsSync(start.joined) || null)
  const direct = await look.seen(report.get('direct'))
  look.end()
  const said = { report, isFresh: true, direct }
  const axes = await judgeSandbox(start.planned, root.pid, start.canaries, said)
  if (axes.some((axis) => axis.proven !== 'enforced')) return err({ type: 'not_proven', axes })
  await start.canaries.close()
  return ok(makeSandbox(start, { root, keeper }, axes))
}

/** As this machine numbers it. An engine in a virtual machine has other numbers, and is refused. */
async function firstProcess(container: Docker.Container): Promise<ProcessIdentity> {
  const { State } = await container.inspect()
  const words = await readFile(`/proc/${State.Pid}/cmdline`, 'utf8').catch(() => '')
  const root = words.startsWith(`${INIT}\0`) ? await identify(State.Pid) : null
  if (root) return root
  throw new Stopped(
    'the container',
    'its processes are not visible on this machine: the engine runs in a machine of its own',
  )
}

/** The engine holds what it may; the rest is held as everywhere. */
const keep = async (
  { planned, name, limits, engine, container }: ContainerStart,
  rootPid: number,
  reported: Promise<unknown>,
): Promise<LimitKeeper> =>
  keepLimits(
    planned.plan.limits,
    {
      root: Promise.resolve(rootPid),
      pids: [rootPid],
      name,
      quiet: reported.catch(() => undefined),
    },
    {
      ...{ ...limits, homes: new Map() },
      ...(engine.hasGroups ? { freezeHome: null } : {}),
      given: {
        groups: await containerGroups(rootPid, engine.holds),
        change: (wanted, names) => updateLimits(container, wanted, names),
      },
    },
  )

/** An engine takes other numbers while it runs; that there is none any more it does not take of all. */
async function updateLimits(
  container: Docker.Container,
  limits: Limits,
  names: readonly LimitName[],
): Promise<boolean> {
  const { cpuPercent, memoryBytes, processes } = limits
  if (names.some((name) => name !== 'processes' && limits[LIMIT_KEYS[name]] === null)) return false
  const wanted = {
    ...(names.includes('cpu') && cpuPercent !== null ? { NanoCpus: cpuPercent * 1e7 } : {}),
    ...(names.includes('memory') && memoryBytes !== null
      ? { Memory: memoryBytes, MemorySwap: memoryBytes }
      : {}),
    ...(names.includes('processes') ? { PidsLimit: processes ?? -1 } : {}),
  }
  return container.update(wanted).then(
    () => true,
    () => false,
  )
}

const holdBy =
  (container: Docker.Container) =>
  async (isHeld: boolean): Promise<boolean> => {
    await (isHeld ? container.pause() : container.unpause())
    return true
  }

interface Standing {
  readonly root: ProcessIdentity
  readonly keeper: LimitKeeper
}

function makeSandbox(
  start: ContainerStart,
  { root, keeper }: Standing,
  axes: readonly AxisReport[],
): Sandbox {
  const { planned, container, channel, user, network } = start
  const connector = containerConnector(container, user)
  let reached: Parameters<Sandbox['watchLimits']>[0] = () => undefined
  // Where nobody holds its terminal any more, it ends, as a program does whose terminal is closed.
  start.exited.addEventListener('abort', () => channel.close())
  return {
    rootPid: root.pid,
    kernel: null,
    axes,
    limits: keeper.reports,
    watchLimits: (told) => {
      reached = told
      keeper.watch(told)
    },
    changeLimits: keeper.change,
    probe: () => probeAgain(planned, root.pid, network.canary, runInContainer({ container, user })),
    hasDrifted: () => hasDrifted(planned, root.pid),
    keepMounts: null,
    listening: () => readListening(root.pid, [PROXY.port, DIRECT_PORT]),
    forward: (port) => forwardPort(connector, port),
    network: network.network,
    hold: start.engine.hasGroups ? holdBy(container) : keeper.hold,
    release: () => {
      channel.release()
      return Promise.resolve()
    },
    enter: (shell) =>
      enterContainer(start.entry, { container, user, first: root.pid, keeper }, shell),
    terminate: () => askChildren(root),
    destroy: async () => {
      connector.close()
      // Where it was the program itself, its group was gone before anybody looked at it.
      const state = await container.inspect().catch(() => null)
      if (state?.State.OOMKilled) reached('memory', 'The kernel ended a process of the session.')
      // Even where its engine is gone: the first process ends, and all others with it.
      channel.close()
      await keeper.release()
      const endedWell = state?.State.Running === false && state.State.ExitCode === 0
      if (start.keep && endedWell)
        await start
          .keep()
          .catch((cause: unknown) => start.log.error('a set-up could not be kept', cause))
      try {
        await removeContainer(container)
        // The one whose network another one is in goes last.
        await network.dispose()
      } finally {
        await endProcess(root, END_MS)
        await start.ended()
      }
    },
  }
}
