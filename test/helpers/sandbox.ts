import { failure } from './failure.ts'
import { plainStarter } from '../../src/main/backends/program-starter.ts'
import { KEPT_MACHINES } from './kept-machines.ts'
import { LEVEL } from './level.ts'
import { PLAIN_PLAN } from './plan.ts'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import type { Server } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { type IPty, spawn } from 'node-pty'
import {
  createEngineChoice,
  type EngineChoice,
} from '../../src/main/backends/containers/engine-choice.ts'
import {
  type ContainerOptions,
  createContainerBackend,
} from '../../src/main/backends/containers/container.ts'
import { createBubblewrapBackend } from '../../src/main/backends/bubblewrap.ts'
import { guestProgramsIn } from '../../src/main/backends/vm/guest-system.ts'
import { type Ground, MOUNTS_AROUND } from '../../src/main/backends/vm/ground.ts'
import type { ImageRoots } from '../../src/main/backends/vm/image-roots.ts'
import type { VmOptions } from '../../src/main/backends/vm/parts.ts'
import { createVmBackend } from '../../src/main/backends/vm/vm.ts'
import {
  createPlaceholders,
  type Placeholders,
} from '../../src/main/backends/files/placeholders.ts'
import type { LimitOptions } from '../../src/main/backends/limits/keeper.ts'
import { createMachineKernel } from '../../src/main/procwatch/machine-proc.ts'
import { createProcessReader } from '../../src/main/procwatch/procfs.ts'
import { type PlanInput, planSandbox } from '../../src/main/core/isolation/plan.ts'
import type { Sandbox, SandboxBackend } from '../../src/main/core/ports.ts'
import type { LaunchSpec } from '../../src/main/core/terminal-port.ts'
import type { SessionId } from '../../src/shared/domain/ids.ts'
import type { StartFailure } from '../../src/shared/domain/session.ts'
import type { Result } from '../../src/shared/result.ts'

export const LISTENER_SCRIPT = resolve(import.meta.dirname, '../../out/main/sandbox-listener.mjs')
export const NETWORK_PROGRAM = resolve(import.meta.dirname, '../../out/native/sandbox-network')
export const SOCKETS_PROGRAM = resolve(import.meta.dirname, '../../out/native/socket-owners')
export const MOUNTS_PROGRAM = resolve(import.meta.dirname, '../../out/native/mount-keeper')
/** Built from native/observed-start.c. */
export const OBSERVED_PROGRAM = resolve(import.meta.dirname, '../../out/native/observed-start')
const CONNECTOR_SCRIPT = resolve(import.meta.dirname, '../../out/main/sandbox-connector.mjs')
const SESSION = 'ses_00000000000000ee' as SessionId
const out = (path: string): string => resolve(import.meta.dirname, '../../out', path)
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** A home, a workspace and a neighbour that a test fills as it likes. */
export interface Place {
  readonly root: string
  readonly home: string
  readonly workspace: string
  /** In a sandbox that others use as well: see shared-place.ts. */
  readonly runInside?: (argv: readonly string[]) => Promise<{ code: number; output: string }>
  dispose(): Promise<void>
}

export async function makePlace(): Promise<Place> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'cloche-place-')))
  const home = join(root, 'home')
  const workspace = join(home, 'project')
  await mkdir(workspace, { recursive: true })
  return {
    root,
    home,
    workspace,
    dispose: () => rm(root, { recursive: true, force: true }),
  }
}

/** Stand-ins that no later start would know of. */
export const testPlaceholders = (): Placeholders =>
  createPlaceholders({ save: () => Promise.resolve() }, [], silent)

/** Members are looked for as the product does. */
export const testLimits = (): LimitOptions => ({
  starter: plainStarter,
  members: createProcessReader(createMachineKernel(), {
    wallMs: () => Date.now(),
    monoMs: () => performance.now(),
  }).members,
  log: silent,
})

type MachineParts = Partial<
  VmOptions & {
    readonly imageRoots: ImageRoots
    readonly ground: Ground
    readonly around: SandboxBackend
  }
>

export const testBackend = (
  bubblewrapPaths?: readonly string[],
  limits: Partial<LimitOptions> = {},
  placeholders: Placeholders = testPlaceholders(),
  networkProgram = NETWORK_PROGRAM,
  machines: MachineParts = {},
): SandboxBackend => {
  if (LEVEL === 'container')
    return containerBackend({
      placeholders,
      limits: { ...testLimits(), ...limits },
      networkProgram,
    })
  const helpers = {
    starter: plainStarter,
    nodePath: process.execPath,
    nodeEnv: {},
    networkProgram,
    socketsProgram: SOCKETS_PROGRAM,
    mountsProgram: MOUNTS_PROGRAM,
    listenerScript: LISTENER_SCRIPT,
    connectorScript: CONNECTOR_SCRIPT,
  }
  const sandbox = createBubblewrapBackend({
    ...helpers,
    observedProgram: OBSERVED_PROGRAM,
    enterProgram: out('native/sandbox-enter'),
    probeProgram: out('native/probe'),
    log: silent,
    placeholders,
    limits: { ...testLimits(), ...limits },
    ...(bubblewrapPaths ? { bubblewrapPaths } : {}),
  })
  if (LEVEL === 'os') return sandbox
  return createVmBackend(
    {
      ...{ ...TEST_MACHINES, helpers, placeholders, imageRoots: noImageRoots },
      terminalScript: out('main/machine-terminal.mjs'),
      ...{ ground: MOUNTS_AROUND, ...machines },
    },
    machines.around ?? sandbox,
  )
}

/** Machines made of other parts. */
export const machineBackend = (machines: MachineParts): SandboxBackend =>
  testBackend(undefined, {}, undefined, undefined, machines)

/** For tests that start nothing from an image. */
export const noImageRoots: ImageRoots = {
  find: () => Promise.reject(new Error('no test with an image comes here')),
}

const TEST_MACHINES: VmOptions = {
  vmFolder: KEPT_MACHINES,
  runnerProgram: out('native/vm-runner'),
  guestPrograms: guestProgramsIn(out('native')),
  probeProgram: out('native/probe'),
  madeParts: { find: () => Promise.resolve({ why: 'no test makes them here' }) },
}

/** The engines that these variables lead to; nothing is chosen. */
export const testEngines = (env: NodeJS.ProcessEnv = process.env): EngineChoice =>
  createEngineChoice(env, { save: () => Promise.resolve() }, null)

/** Of the engine this machine's own clients would use. */
export const containerBackend = (options: Partial<ContainerOptions> = {}): SandboxBackend =>
  createContainerBackend({
    nodePath: process.execPath,
    nodeEnv: {},
    initProgram: out('native/container-init'),
    relayProgram: out('native/channel-relay'),
    networkProgram: NETWORK_PROGRAM,
    socketsProgram: SOCKETS_PROGRAM,
    bridgeScript: out('main/container-bridge.mjs'),
    keepsNetwork: false,
    engines: testEngines(),
    placeholders: testPlaceholders(),
    limits: testLimits(),
    ...options,
  })

export const planFor = (place: Place, argv: readonly string[], more: Partial<PlanInput> = {}) =>
  planSandbox({
    ...PLAIN_PLAN,
    level: LEVEL,
    workspace: place.workspace,
    argv,
    home: place.home,
    user: userInfo().username,
    ...more,
  })

export interface Terminal {
  readonly pty: IPty
  output(): string
  readonly exited: Promise<{ exitCode: number; signal?: number | undefined }>
}

const QUIET_MS = 50

/** Executes a LaunchSpec as the PTY host does. */
export function startInTerminal(launch: LaunchSpec): Terminal {
  const pty = spawn(launch.file, [...launch.args], {
    cols: 120,
    rows: 40,
    cwd: launch.cwd,
    env: { ...launch.env },
  })
  let text = ''
  let saidAtMs = 0
  pty.onData((data) => {
    text += data
    saidAtMs = performance.now()
  })
  // What it said last may come after its end is known, on a busy machine much later.
  const exited = new Promise<{ exitCode: number; signal?: number | undefined }>((done) =>
    pty.onExit((status) => {
      const look = (): void => {
        if (performance.now() - saidAtMs >= QUIET_MS) done(status)
        else setTimeout(look, QUIET_MS)
      }
      setTimeout(look, QUIET_MS)
    }),
  )
  return { pty, output: () => text, exited }
}

export interface Started {
  readonly sandbox: Result<Sandbox, StartFailure>
  readonly terminal: Terminal
  readonly listener: Server | null
}

/** Builds, spawns and joins; the program waits until the caller releases it. */
export async function startSandbox(
  place: Place,
  argv: readonly string[],
  more: Partial<PlanInput> = {},
  backend = testBackend(),
): Promise<Started> {
  const built = await backend.build(planFor(place, argv, more), SESSION)
  if (!built.ok) throw failure(built.error)
  const terminal = startInTerminal(built.value.launch)
  const exit = new AbortController()
  void terminal.exited.then(() => exit.abort())
  const sandbox = await built.value.join(terminal.pty.pid, exit.signal)
  if (!sandbox.ok) await built.value.abandon()
  return { sandbox, terminal, listener: sandbox.ok ? (sandbox.value.network?.proxy ?? null) : null }
}

/** Runs one command in a default sandbox to its end and gives what it wrote. */
export async function runInside(
  place: Place,
  argv: readonly string[],
  more?: Partial<PlanInput>,
): Promise<{ code: number; output: string }> {
  if (place.runInside && !more) return place.runInside(argv)
  const { sandbox, terminal } = await startSandbox(place, argv, more)
  if (!sandbox.ok) throw failure(sandbox.error, terminal.output())
  await sandbox.value.release()
  const { exitCode } = await terminal.exited
  await sandbox.value.destroy()
  return { code: exitCode, output: terminal.output() }
}

/** Looks at a sandbox while its command runs, then ends it. */
export async function whileInside<T>(
  place: Place,
  argv: readonly string[],
  look: (running: { readonly sandbox: Sandbox; readonly terminal: Terminal }) => Promise<T>,
): Promise<T> {
  const { sandbox, terminal } = await startSandbox(place, argv)
  if (!sandbox.ok) throw failure(sandbox.error, terminal.output())
  try {
    await sandbox.value.release()
    return await look({ sandbox: sandbox.value, terminal })
  } finally {
    await sandbox.value.destroy()
    await terminal.exited
  }
}
