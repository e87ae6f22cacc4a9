import { userInfo } from 'node:os'
import type { FileHandle } from 'node:fs/promises'
import { readFile, writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { StartFailure } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { PlanInput } from '../core/isolation/plan.ts'
import type { Log, Sandbox, SandboxBackend, SandboxBuild } from '../core/ports.ts'
import { bubblewrapArgs, FD, generatedFiles, PROXY } from './bubblewrap-args.ts'
import { diagnoseBubblewrap, findBubblewrap } from './diagnose-bubblewrap.ts'
import { childrenOf, startTicks } from './kernel-facts.ts'
import { readLayout } from './layout.ts'
import { takeListener } from './listener-handover.ts'
import { PROBE_SCRIPT } from './probe-script.ts'
import { type Canaries, gatherFacts, judge, placeCanaries, readReport } from './probe.ts'
import { protectedPaths } from './protected-paths.ts'
import { makeRunFolder, type RunFolder } from './run-folder.ts'
import { compileSandboxFilter } from './seccomp.ts'

export interface BubblewrapOptions {
  /** A real Node (or Electron acting as one, with `nodeEnv`) that runs the listener helper. */
  readonly nodePath: string
  readonly nodeEnv: Readonly<Record<string, string>>
  /** Built `sandbox-listener` entry. */
  readonly listenerScript: string
  readonly log: Log
  /** For tests of machines that lack it. */
  readonly bubblewrapPaths?: readonly string[]
}

/** Milliseconds for each step of a start; past it the start has failed. */
const STEP_MS = 10_000
const POLL_MS = 5

/**
 * The launcher closes every descriptor that came along, opens the channels, and becomes bubblewrap
 * with an empty environment. It wants bash: other shells cannot close descriptors above 9; where
 * one is left open the probe finds it and the session does not start.
 */
const LAUNCHER = [
  'f=$1 b=$2; shift 2',
  'for p in /proc/self/fd/*; do n=${p##*/}; [ "$n" -gt 2 ] && eval "exec $n>&-"; done',
  'exec /usr/bin/env -i "$b" --args ' +
    `${FD.args} -- "$@" ${FD.args}<"$f/args" ${FD.seccomp}<"$f/seccomp" ${FD.info}>"$f/info" ` +
    `${FD.userns}<"$f/userns" ${FD.go}<"$f/go" ${FD.report}>"$f/report"`,
].join('\n')

export function createBubblewrapBackend(options: BubblewrapOptions): SandboxBackend {
  return {
    level: 'os',
    diagnose: () => diagnoseBubblewrap(options.bubblewrapPaths),
    build: async (plan, sessionId) => {
      if (plan.level !== 'os') throw new Error(`a plan for ${plan.level} reached bubblewrap`)
      const bubblewrap = await findBubblewrap(options.bubblewrapPaths)
      if (!bubblewrap.ok)
        return failed('bubblewrap', bubblewrap.error, 'Install bubblewrap from your distribution.')
      try {
        return ok(await build(plan, sessionId, bubblewrap.value, options))
      } catch (cause) {
        return failed('the run folder', String(cause), 'Free some space, or look at the log.')
      }
    },
  }
}

function failed(part: string, detail: string, remedy: string): Result<never, StartFailure> {
  return err({ type: 'boundary_failed', part, detail, remedy })
}

/** The program bubblewrap starts; the canaries and the agent's own argv follow. */
const PROBE = ['/bin/sh', '-c', PROBE_SCRIPT, 'cloche-probe']

interface Channels {
  readonly folder: RunFolder
  readonly canaries: Canaries
  readonly userns: FileHandle
  readonly go: FileHandle
}

async function build(
  plan: PlanInput,
  sessionId: SessionId,
  bubblewrap: string,
  options: BubblewrapOptions,
): Promise<SandboxBuild> {
  const filter = compileSandboxFilter(process.arch)
  if (!filter) throw new Error(`no system-call filter for ${process.arch}`)
  const folder = await makeRunFolder()
  const canaries = await placeCanaries(folder.path)
  const layout = await readLayout()
  const { uid, gid } = userInfo()
  const files: Record<string, string> = {}
  for (const [path, content] of Object.entries(generatedFiles(plan, uid, gid)))
    files[path] = await folder.write(path.slice(1).replaceAll('/', '-'), content)
  const args = bubblewrapArgs(
    plan,
    layout,
    { files, protectedPaths: await protectedPaths(plan.workspace) },
    process.env.LANG ?? 'C.UTF-8',
  )
  await folder.write('args', args.map((arg) => `${arg}\0`).join(''))
  await folder.write('seccomp', filter)
  const channels: Channels = {
    folder,
    canaries,
    userns: await folder.fifo('userns'),
    go: await folder.fifo('go'),
  }
  const abandon = async (): Promise<void> => {
    await Promise.allSettled([channels.userns.close(), channels.go.close(), canaries.close()])
    await folder.remove()
  }
  return {
    launch: {
      file: layout.shell,
      args: [
        '-c',
        LAUNCHER,
        'cloche',
        folder.path,
        bubblewrap,
        ...PROBE,
        ...canaries.args,
        ...plan.argv,
      ],
      env: {},
      cwd: '/',
    },
    abandon,
    join: async (_pid, exited) => {
      const joined = await establish(plan, channels, exited, options).catch((cause: unknown) =>
        failed('bubblewrap', String(cause), 'Look at the log for the reason.'),
      )
      if (!joined.ok) options.log.warn(`session ${sessionId} did not start: ${joined.error.type}`)
      return joined
    },
  }
}

/** Polls until `read` gives something, the program exits, or the step's time is over. */
async function until<T>(
  exited: AbortSignal,
  read: () => Promise<T | null>,
): Promise<T | 'exited' | 'timeout'> {
  const deadline = Date.now() + STEP_MS
  for (;;) {
    const value = await read()
    if (value !== null) return value
    if (exited.aborted) return 'exited'
    if (Date.now() > deadline) return 'timeout'
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function establish(
  plan: PlanInput,
  channels: Channels,
  exited: AbortSignal,
  options: BubblewrapOptions,
): Promise<Result<Sandbox, StartFailure>> {
  const { folder, canaries } = channels
  const rootPid = await until(exited, async () => {
    const info = await readFile(join(folder.path, 'info'), 'utf8').catch(() => '')
    return info.trimEnd().endsWith('}') ? Number(/"child-pid": (\d+)/.exec(info)?.[1]) : null
  })
  if (typeof rootPid !== 'number') return stopped('bubblewrap', rootPid)
  const rootTicks = await startTicks(rootPid)
  await mapUser(rootPid)
  await channels.userns.write('x')

  const [listener, report] = await Promise.all([
    takeListener(rootPid, {
      nodePath: options.nodePath,
      nodeEnv: options.nodeEnv,
      script: options.listenerScript,
      ...PROXY,
      timeoutMs: STEP_MS,
    }),
    until(exited, () => readReport(join(folder.path, 'report'))),
  ])
  const abort = async (failure: Result<never, StartFailure>): Promise<typeof failure> => {
    if (listener.ok) listener.value.close()
    await endRoot(rootPid, rootTicks)
    return failure
  }
  if (typeof report === 'string') return abort(stopped('the file and process boundary', report))
  if (!listener.ok)
    return abort(
      failed(
        'the network gateway',
        listener.error,
        'Check that nsenter (util-linux) is installed.',
      ),
    )
  const [agentPid] = await childrenOf(rootPid)
  const axes = judge({
    plan,
    report,
    seen: await canaries.observe(),
    ...(await gatherFacts(agentPid ?? rootPid)),
    atMs: Date.now(),
  })
  if (axes.some((axis) => axis.proven !== 'enforced'))
    return abort(err({ type: 'not_proven', axes }))
  return ok(makeSandbox(rootPid, rootTicks, listener.value, axes, channels))
}

function stopped(part: string, why: 'exited' | 'timeout'): Result<never, StartFailure> {
  return failed(
    part,
    // Empty on an early exit: the caller adds what bubblewrap itself wrote to the terminal.
    why === 'timeout' ? `it was not ready after ${STEP_MS / 1000} s` : '',
    'Open Doctor to see what this machine lacks.',
  )
}

/**
 * The person's own user and group, and nobody else's, exist inside. Written from outside because
 * bubblewrap then needs one user namespace instead of two nested ones, and the listener helper
 * can enter it.
 */
async function mapUser(pid: number): Promise<void> {
  const { uid, gid } = userInfo()
  await writeFile(`/proc/${pid}/setgroups`, 'deny')
  await writeFile(`/proc/${pid}/uid_map`, `${uid} ${uid} 1\n`)
  await writeFile(`/proc/${pid}/gid_map`, `${gid} ${gid} 1\n`)
}

function makeSandbox(
  rootPid: number,
  rootTicks: number | null,
  listener: Server,
  axes: Sandbox['axes'],
  channels: Channels,
): Sandbox {
  const closeChannels = async (): Promise<void> => {
    await Promise.allSettled([
      channels.userns.close(),
      channels.go.close(),
      channels.canaries.close(),
    ])
    await channels.folder.remove()
  }
  return {
    rootPid,
    axes,
    listener,
    release: async () => {
      await channels.go.write('go\n')
    },
    terminate: async () => {
      for (const pid of await childrenOf(rootPid)) signal(pid, 'SIGTERM')
    },
    destroy: async () => {
      listener.close()
      await endRoot(rootPid, rootTicks)
      await closeChannels()
    },
  }
}

/** Ending a pid namespace's first process ends every process in it; the kernel sees to that. */
async function endRoot(rootPid: number, rootTicks: number | null): Promise<void> {
  const isSame = async (): Promise<boolean> =>
    rootTicks !== null && (await startTicks(rootPid)) === rootTicks
  if (await isSame()) signal(rootPid, 'SIGKILL')
  const deadline = Date.now() + STEP_MS
  while ((await isSame()) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (cause) {
    // Gone already: that is what was wanted.
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause
  }
}
