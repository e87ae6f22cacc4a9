import { constants, mkdir, realpath } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { EffectivePolicy } from '../../../shared/domain/effective-policy.ts'
import type { AxisReport } from '../../../shared/domain/isolation.ts'
import { LimitName } from '../../../shared/domain/limits.ts'
import type { Diagnosis } from '../../../shared/domain/sandbox.ts'
import type { StartFailure } from '../../../shared/domain/session.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { Plan, PlanInput } from '../../core/isolation/plan.ts'
import type { Log, Sandbox, SandboxBackend, SandboxBuild } from '../../core/ports.ts'
import { sandboxEnv } from '../bubblewrap-args.ts'
import { policySentences } from '../effective-policy.ts'
import { type FileEntry, RefusedPath } from '../files/entries.ts'
import { readFilePolicy } from '../files/policy.ts'
import { orRefused } from '../files/refused.ts'
import { type Canaries, placeCanaries, readReport } from '../probe-canaries.ts'
import { makeRunFolder, type RunFolder } from '../run-folder.ts'
import { exists } from '../exists.ts'
import { run } from '../spawn.ts'
import { judgeSeatbelt, SEATBELT_PROBE } from './probe.ts'
import { seatbeltProfile } from './profile.ts'

const PROGRAM = '/usr/bin/sandbox-exec'
export const NOT_RUN = 'Built, not run: it was never tried on a Mac by its makers.'
const START_MS = 10_000
const POLL_MS = 10

/**
 * The OS sandbox of macOS: a Seatbelt profile around the whole agent, and the same gateway on a
 * port of the loopback that the profile names. BUILT, NOT RUN: we have no Mac. A session whose
 * axes its probe does not prove does not start, here as everywhere.
 *
 * Weaker than on Linux, and said: programs of this machine may use a session's gateway port while
 * it runs; nothing can be shown as empty, so what is to look empty is closed; limits are not held.
 */
export function createSeatbeltBackend(options: { readonly log: Log }): SandboxBackend {
  return {
    level: 'os',
    diagnose,
    describe: (plan) => orRefused(async () => ok(await describe(confined(plan)))),
    build: (plan, sessionId) =>
      orRefused(async () => {
        // A profile cannot show a copy where the workspace is: programs would change the workspace itself.
        if (plan.isReview)
          return failed(
            'the copy of the workspace',
            'on macOS a program cannot be shown a copy in the place of the workspace',
            'Start in a container, or without reviewing changes.',
          )
        try {
          return ok(await prepare(confined(plan), options.log))
        } catch (cause) {
          if (cause instanceof RefusedPath) throw cause
          options.log.error(`session ${sessionId}: its sandbox could not be prepared`, cause)
          return failed('the run folder', String(cause))
        }
      }),
  }
}

function confined(plan: Plan): PlanInput {
  if (plan.level !== 'os') throw new Error(`a plan for ${plan.level} reached Seatbelt`)
  return plan
}

const failed = (
  part: string,
  detail: string,
  remedy = 'Open Doctor to see what this Mac lacks.',
): Result<never, StartFailure> => err({ type: 'boundary_failed', part, detail, remedy })

async function diagnose(): Promise<Diagnosis> {
  const base = {
    id: 'seatbelt',
    title: 'OS sandbox (Seatbelt)',
    level: 'os' as const,
    remedies: [],
  }
  const isThere = await exists(PROGRAM, constants.X_OK)
  return isThere
    ? {
        ...base,
        status: 'usable',
        summary: `Sessions run under a Seatbelt profile. ${NOT_RUN}`,
        facts: [
          { name: 'Executable', value: PROGRAM },
          { name: 'Tried by its makers', value: 'no' },
        ],
      }
    : {
        ...base,
        status: 'missing',
        summary: `${PROGRAM} is not there; it belongs to every macOS.`,
        facts: [{ name: 'Executable', value: 'not found' }],
      }
}

/** No other session's stand-ins exist: a profile denies a name without something to cover. */
const nobodyHolds = (): boolean => false

async function describe(plan: PlanInput): Promise<EffectivePolicy> {
  const files = await readFilePolicy(plan, nobodyHolds)
  return policyOf(plan, files.entries, files.gaps, '(run folder)')
}

function policyOf(
  plan: PlanInput,
  entries: readonly FileEntry[],
  gaps: readonly string[],
  folder: string,
): EffectivePolicy {
  return {
    sentences: policySentences(
      plan,
      { folders: ['/usr', '/System'], etcFolders: [], etcFiles: [] },
      { entries, gaps },
    ),
    command: [PROGRAM, '-f', join(folder, 'profile.sb'), ...plan.argv],
  }
}

async function prepare(plan: PlanInput, log: Log): Promise<SandboxBuild> {
  const files = await readFilePolicy(plan, nobodyHolds)
  const folder = await makeRunFolder([plan.workspace, ...plan.mounts.map(({ source }) => source)])
  const server = createServer()
  try {
    const gatewayPort = await listen(server)
    const canaries = await placeCanaries(folder.path)
    const temporary = join(await realpath(folder.path), 'tmp')
    await mkdir(temporary)
    const home = privateHome(plan) ?? join(folder.path, 'home')
    await mkdir(home, { recursive: true, mode: 0o700 })
    const [report, go] = [join(folder.path, 'report'), join(folder.path, 'go')]
    await folder.write('report', '')
    const [goFile] = await folder.fifos('go')
    if (!goFile) throw new Error('the channel of the start is missing')
    const { text, parameters } = seatbeltProfile({
      plan,
      entries: files.entries,
      gatewayPort,
      temporary,
      home,
      channels: [report, go],
    })
    const profile = await folder.write('profile.sb', text)
    const env = {
      ...moveHome(sandboxEnv(plan, '/bin/bash', process.env.LANG ?? 'en_US.UTF-8'), plan, home),
      ...proxies(gatewayPort),
      TMPDIR: temporary,
    }
    const defines = [...parameters].flatMap(([name, path]) => ['-D', `${name}=${path}`])
    const probe = [report, go, ...canaries.args, String(process.pid)]
    const built: Built = { folder, canaries, server, report, variables: Object.keys(env), log }
    return {
      policy: policyOf(plan, files.entries, files.gaps, folder.path),
      launch: {
        file: PROGRAM,
        args: [
          ...['-f', profile, ...defines],
          ...['/bin/bash', '-c', SEATBELT_PROBE, 'cloche-probe', ...probe, ...plan.argv],
        ],
        env,
        cwd: plan.workspace,
      },
      join: (pid, exited) =>
        follow(built, pid, exited, async () => {
          await goFile.write('go\n')
        }),
      abandon: async () => {
        server.close()
        await goFile.close()
        await canaries.close()
        await folder.remove()
      },
    }
  } catch (cause) {
    server.close()
    await folder.remove()
    throw cause
  }
}

interface Built {
  readonly folder: RunFolder
  readonly canaries: Canaries
  readonly server: Server
  readonly report: string
  readonly variables: readonly string[]
  readonly log: Log
}

/**
 * There are no mounts on a Mac: the agent's home is the folder in which Cloche keeps its state.
 * null: it keeps none.
 */
export function privateHome({ home, mounts }: Pick<PlanInput, 'home' | 'mounts'>): string | null {
  for (const { source, target, access: mode } of mounts) {
    const below = target.startsWith(`${home}/`) ? target.slice(home.length) : null
    // What is shown at its own place is the person's.
    const isKept = mode === 'write' && source !== target
    if (isKept && below && source.endsWith(below)) return source.slice(0, -below.length)
  }
  return null
}

/** Values that name the person's home name the agent's own. */
const moveHome = (
  env: Readonly<Record<string, string>>,
  plan: PlanInput,
  home: string,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => {
      const isHome = value === plan.home || value.startsWith(`${plan.home}/`)
      return [name, isHome && name !== 'PATH' ? home + value.slice(plan.home.length) : value]
    }),
  )

function proxies(port: number): Record<string, string> {
  const http = `http://127.0.0.1:${port}`
  const socks = `socks5h://127.0.0.1:${port}`
  return {
    HTTP_PROXY: http,
    HTTPS_PROXY: http,
    ALL_PROXY: socks,
    http_proxy: http,
    https_proxy: http,
    all_proxy: socks,
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (typeof address === 'object' && address) resolve(address.port)
      else reject(new Error('the gateway got no port'))
    })
  })
}

async function follow(
  built: Built,
  pid: number,
  exited: AbortSignal,
  release: () => Promise<void>,
): Promise<Result<Sandbox, StartFailure>> {
  const { canaries, folder, server, variables } = built
  const signal = AbortSignal.any([exited, AbortSignal.timeout(START_MS)])
  let report = await readReport(built.report)
  while (!report) {
    if (exited.aborted) return failed('the Seatbelt profile', '')
    if (signal.aborted) return failed('the Seatbelt profile', 'its probe did not report in time')
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    report = await readReport(built.report)
  }
  const axes = judgeSeatbelt({
    report,
    variables,
    secret: canaries.secret,
    seen: await canaries.observe(),
    atMs: Date.now(),
  })
  if (axes.some((axis) => axis.proven !== 'enforced')) return err({ type: 'not_proven', axes })
  await canaries.close()
  return ok({
    rootPid: pid,
    kernel: null,
    axes,
    limits: [],
    watchLimits: () => undefined,
    changeLimits: () => Promise.resolve(err(LimitName.options)),
    // A profile cannot be entered from outside: a second probe would prove another process.
    probe: () => Promise.resolve(axes.map(unproven)),
    hasDrifted: () => Promise.resolve(false),
    keepMounts: null,
    listening: () => Promise.resolve([]),
    enter: () => Promise.resolve(err('The sandbox of macOS cannot be entered once it stands.')),
    forward: () => Promise.resolve(err('the profile lets nothing inside listen')),
    network: { proxy: server, direct: null, sockets: null },
    hold: null,
    release,
    terminate: async () => sendSignal(pid, 'SIGTERM'),
    destroy: async () => {
      server.close()
      for (const member of await descendants(pid)) sendSignal(member, 'SIGKILL')
      await folder.remove()
    },
  })
}

const unproven = (report: AxisReport): AxisReport => ({
  ...report,
  proven: 'unknown',
  evidence: [],
})

function sendSignal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself.
  }
}

/** The process and all that descend from it, the youngest first. */
async function descendants(root: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid='], { timeoutMs: 5000 })
  return [...treeOf(stdout, root)].reverse()
}

/** `ps -axo pid=,ppid=`: two numbers a line. */
export function treeOf(listing: string, root: number): number[] {
  const pairs = listing.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const found = [root]
  for (const parent of found)
    for (const [pid, ppid] of pairs)
      if (ppid === parent && pid !== undefined && !found.includes(pid)) found.push(pid)
  return found
}
