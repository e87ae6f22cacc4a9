import type { FileHandle } from 'node:fs/promises'
import { readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { AxisReport } from '../../shared/domain/isolation.ts'
import type { StartFailure } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { Log, Sandbox, SandboxNetwork } from '../core/ports.ts'
import { DIRECT_PORT, PROXY } from './bubblewrap-args.ts'
import { type EnterParts, enterBubblewrap } from './bubblewrap-enter.ts'
import { CHANNEL } from './bubblewrap-launcher.ts'
import { keepMounts } from './files/keep-mounts.ts'
import { keepLimits, type LimitKeeper, type LimitOptions } from './limits/keeper.ts'
import { createNetworkCanary, type NetworkCanary } from './network-canary.ts'
import { createConnector } from './ports/connector.ts'
import { forwardPort } from './ports/forward.ts'
import { readListening } from './ports/listening.ts'
import { type Canaries, readReport } from './probe-canaries.ts'
import { enterSpaces, hasDrifted, judgeSandbox, type Planned, probeAgain } from './probe-run.ts'
import { askChildren, endProcess, identify, type ProcessIdentity } from './process-identity.ts'
import type { RunFolder } from './run-folder.ts'
import { startSteps, Stopped, stoppedBy } from './start-steps.ts'
import { closeNetwork, type SandboxHelpers, takeNetwork } from './take-network.ts'

/** What connects host and launcher during a start. */
export interface Channels {
  readonly folder: RunFolder
  readonly canaries: Canaries
  readonly userns: FileHandle
  readonly go: FileHandle
  /** The probe tries the network when it is told that there is one. */
  readonly waits: boolean
}

export interface Start {
  readonly planned: Planned
  readonly channels: Channels
  /** Called when the last process is gone. */
  readonly ended: () => Promise<void>
  /** The launcher, as the PTY host started it. */
  readonly pid: number
  readonly exited: AbortSignal
  readonly helper: SandboxHelpers
  readonly enter: EnterParts
  /** Of what is made for this session on the machine. */
  readonly name: string
  readonly limits: LimitOptions
  readonly log: Log
}

/** Milliseconds a whole start may take, and the end of a sandbox. */
const START_MS = 10_000
const END_MS = 10_000
const POLL_MS = 1

/**
 * Follows a launcher until its sandbox stands and is proven. On failure every process of it is
 * ended; the files stay for `abandon`.
 */
export async function startSandbox(start: Start): Promise<Result<Sandbox, StartFailure>> {
  const launcher = await identify(start.pid)
  const started: Started = { root: null, network: null, kept: null, release: null }
  const result = await build(start, started).catch((cause: unknown) =>
    stoppedBy(cause, 'bubblewrap'),
  )
  if (!result.ok) {
    if (started.network) closeNetwork(started.network)
    for (const process of [started.root, launcher]) if (process) await endProcess(process, END_MS)
    await started.kept?.catch(() => undefined)
    await started.release?.()
    start.log.warn(`a sandbox did not start: ${result.error.type}`)
  }
  return result
}

/** What a failed start has to undo. */
interface Started {
  root: ProcessIdentity | null
  network: SandboxNetwork | null
  kept: Promise<LimitKeeper> | null
  /** Of what the limits are made of, once nothing is in it. */
  release: (() => Promise<void>) | null
}

async function build(start: Start, started: Started): Promise<Result<Sandbox, StartFailure>> {
  const { channels, helper, exited } = start
  const { folder, canaries } = channels
  const { wait, signal } = startSteps(exited, START_MS, POLL_MS)

  // Whoever starts it is held before there is anything to hold: what it starts is so from the first.
  const first = wait('bubblewrap', () => firstProcess(folder.path))
  const reporting = first.then(() =>
    wait('the file and process boundary', () => readReport(join(folder.path, CHANNEL.report))),
  )
  const pid = first.then((process) => process.pid)
  const held = {
    ...{ root: pid, pids: [start.pid], name: start.name },
    // The probe has said all it has to say, and waits.
    quiet: reporting.catch(() => undefined),
    made: (release: () => Promise<void>) => {
      started.release = release
    },
  }
  const kept = keepLimits(start.planned.plan.limits, held, start.limits)
  started.kept = kept
  // A start that ends earlier is told of by what ended it.
  for (const part of [pid, kept]) part.catch(() => undefined)

  const root = await first
  started.root = root
  await mapUser(root.pid)
  // It goes on with its mounts, and with the probe; all else is made meanwhile.
  await channels.userns.write('x')
  const ports = { proxy: PROXY.port, direct: DIRECT_PORT }
  const canary = createNetworkCanary()
  const look = canary.look()
  const standing = async (): Promise<void> => {
    if (channels.waits) await channels.go.write('try\n')
  }
  const into = { pid: root.pid, ports, canary, standing }
  const taken = takeNetwork(into, helper, signal, start.log).then((network) => {
    if (network.ok) started.network = network.value
    return network
  })

  const [reported, network, limited] = await Promise.allSettled([reporting, taken, kept])
  if (reported.status === 'rejected') throw reported.reason
  if (network.status === 'rejected') throw network.reason
  if (limited.status === 'rejected') throw limited.reason
  if (!network.value.ok) throw new Stopped('the network gateway', network.value.error)

  const direct = await look.seen(reported.value.get('direct'))
  look.end()
  const said = { report: reported.value, isFresh: true, direct }
  const axes = await judgeSandbox(start.planned, root.pid, canaries, said)
  if (axes.some((axis) => axis.proven !== 'enforced')) return err({ type: 'not_proven', axes })
  // The probe still holds what it needs; after a crash of the host nothing of it is left behind.
  await Promise.all([canaries.close(), channels.userns.close(), folder.remove()])
  return ok(
    makeSandbox(start, { root, keeper: limited.value, network: network.value.value, canary }, axes),
  )
}

/** bubblewrap writes it once the namespaces exist; it then waits for the user table. */
async function firstProcess(folder: string): Promise<ProcessIdentity | null> {
  const info = await readFile(join(folder, CHANNEL.info), 'utf8').catch(() => '')
  if (!info.trimEnd().endsWith('}')) return null
  return identify(Number(/"child-pid": (\d+)/.exec(info)?.[1]))
}

/**
 * The person's own user and group, and nobody else's, exist inside. Written from outside because
 * bubblewrap then needs one user namespace instead of two nested ones, and the listener helper
 * can enter it. (Its --disable-userns would need two; the filter refuses new ones instead.)
 */
async function mapUser(pid: number): Promise<void> {
  const { uid, gid } = userInfo()
  await writeFile(`/proc/${pid}/setgroups`, 'deny')
  await writeFile(`/proc/${pid}/uid_map`, `${uid} ${uid} 1\n`)
  await writeFile(`/proc/${pid}/gid_map`, `${gid} ${gid} 1\n`)
}

interface Standing {
  readonly root: ProcessIdentity
  readonly keeper: LimitKeeper
  readonly network: SandboxNetwork
  readonly canary: NetworkCanary
}

function makeSandbox(
  { planned, channels: { go }, ended, helper, enter, log }: Start,
  { root, keeper, network, canary }: Standing,
  axes: readonly AxisReport[],
): Sandbox {
  const connector = createConnector(root.pid, helper)
  let mounts: ReturnType<typeof keepMounts> | null = null
  return {
    rootPid: root.pid,
    kernel: null,
    axes,
    limits: keeper.reports,
    watchLimits: keeper.watch,
    changeLimits: keeper.change,
    probe: () => probeAgain(planned, root.pid, canary, enterSpaces(root.pid)),
    hasDrifted: () => hasDrifted(planned, root.pid),
    keepMounts: (told) => {
      const { entries } = planned
      const { starter, mountsProgram: program } = helper
      mounts = keepMounts({ starter, program, pid: root.pid, entries, log }, told)
      return mounts
    },
    listening: () => readListening(root.pid, [PROXY.port, DIRECT_PORT]),
    forward: (port) => forwardPort(connector, port),
    network,
    hold: keeper.hold,
    release: async () => {
      await go.write('go\n')
    },
    enter: (shell) => enterBubblewrap(enter, { planned, root, keeper }, shell),
    terminate: () => askChildren(root),
    destroy: async () => {
      await mounts?.close()
      closeNetwork(network)
      connector.close()
      await go.close()
      // Ending a pid namespace's first process ends every process in it: the kernel sees to that,
      // and lets it go only when all of them are gone.
      try {
        await endProcess(root, END_MS)
      } finally {
        await keeper.release()
        await ended()
      }
    },
  }
}
