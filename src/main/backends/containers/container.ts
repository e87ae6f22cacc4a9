import { chmod, mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type Docker from 'dockerode'
import type { EffectivePolicy, PolicySentence } from '../../../shared/domain/effective-policy.ts'
import type { SessionId } from '../../../shared/domain/ids.ts'
import type { StartFailure } from '../../../shared/domain/session.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { PlanInput } from '../../core/isolation/plan.ts'
import type { Observe, SandboxBackend, SandboxBuild } from '../../core/ports.ts'
import type { LaunchSpec } from '../../core/terminal-port.ts'
import { generatedFiles, sandboxEnv } from '../bubblewrap-args.ts'
import { policySentences } from '../effective-policy.ts'
import type { FilePolicy } from '../files/entries.ts'
import { identifyPlan } from '../files/mounted.ts'
import { heldEntries, hiddenPaths, visibleFolders } from '../files/on-machine.ts'
import type { Placeholders } from '../files/placeholders.ts'
import { readFilePolicy } from '../files/policy.ts'
import { orRefused } from '../files/refused.ts'
import { type MachineLayout, readLayout } from '../layout.ts'
import type { LimitOptions } from '../limits/keeper.ts'
import { placeCanaries } from '../probe-canaries.ts'
import { protectedFolder } from '../probe-run.ts'
import { probeWords } from '../probe-words.ts'
import { makeRunFolder, type RunFolder } from '../run-folder.ts'
import { compileSandboxFilter } from '../seccomp.ts'
import type { SandboxHelpers } from '../take-network.ts'
import { refuseWritable } from '../writable-helpers.ts'
import { openBootChannel } from './boot-channel.ts'
import { containerSpec, shownRun } from './container-spec.ts'
import { startContainer } from './container-start.ts'
import { diagnoseContainers } from './diagnose-containers.ts'
import type { EngineChoice } from './engine-choice.ts'
import { type EngineWays, usualWays, waysOf } from './engine-ways.ts'
import { connectEngine, type Engine } from './engines.ts'
import { type ImageUse, readImage, withPrelude } from './image-use.ts'
import { giveKeptHome, keepAsImage } from './kept-home.ts'
import { LABEL } from './labels.ts'
import { MACHINE_IMAGE } from './machine-image.ts'
import { type ContainerNetwork, makeNetwork } from './network-container.ts'
import { createNetworkPool, type NetworkPool } from './network-pool.ts'
import { ownerOf, removeContainer } from './owner.ts'

/** Programs that run in a container or between it and this host; each may be missing. */
export interface ContainerHelpers
  extends Pick<SandboxHelpers, 'nodePath' | 'nodeEnv' | 'networkProgram' | 'socketsProgram'> {
  /** Built `container-init` program. */
  readonly initProgram: string
  /** Built `channel-relay` program. */
  readonly relayProgram: string
  /** Built `container-bridge` entry. */
  readonly bridgeScript: string
}

export interface ContainerOptions extends ContainerHelpers {
  readonly engines: Pick<EngineChoice, 'engine' | 'found'>
  readonly placeholders: Placeholders
  readonly limits: LimitOptions
  /** Whether one network is made in advance of the next session. */
  readonly keepsNetwork: boolean
}

/** A container of Docker or Podman, hardened and without a network of its own but the gateway. */
export function createContainerBackend(options: ContainerOptions): SandboxBackend {
  const pool = createNetworkPool(options.keepsNetwork, options.limits.log)
  return {
    level: 'container',
    close: () => pool.close(),
    diagnose: async () => diagnoseContainers(options, await options.engines.found()),
    describe: async (plan) => {
      if (plan.level !== 'container') throw new Error(`a plan for ${plan.level} reached containers`)
      return orRefused(async () => {
        const [layout, files] = await readMachine(plan, options)
        const engine = await options.engines.engine()
        const ways = engine ? await waysOf(engine.facts) : usualWays()
        return ok(policyOf(plan, layout, files, ways))
      })
    },
    build: async (plan, sessionId, observe) => {
      if (plan.level !== 'container') throw new Error(`a plan for ${plan.level} reached containers`)
      const refusal = await refuseWritable(plan, [
        ...[options.nodePath, options.bridgeScript, options.initProgram],
        ...[options.relayProgram, options.networkProgram, options.socketsProgram],
      ])
      if (refusal) return refusal
      const engine = await options.engines.engine()
      const engines = engine ? [engine] : await options.engines.found()
      const filter = compileSandboxFilter(process.arch)
      const diagnosis = await diagnoseContainers(options, engines)
      if (!engine || !filter || diagnosis.status !== 'usable')
        return err({ type: 'backend_unavailable', level: 'container', diagnosis })
      try {
        return await orRefused(() =>
          prepare(plan, { engine, filter, sessionId, observe }, options, pool),
        )
      } catch (cause) {
        options.limits.log.error(`session ${sessionId}: the container could not be made`, cause)
        const detail = cause instanceof Error ? cause.message : String(cause)
        return failed('the container', detail, 'Open Doctor to see what the engine lacks.')
      }
    },
  }
}

function failed(part: string, detail: string, remedy: string): Result<never, StartFailure> {
  return err({ type: 'boundary_failed', part, detail, remedy })
}

const readMachine = (plan: PlanInput, { placeholders }: ContainerOptions) =>
  Promise.all([readLayout(), readFilePolicy(plan, placeholders.isHeld)])

/** The same for every start of this plan: what is made for one start has a stand-in name. */
function shownSpec(
  plan: PlanInput,
  layout: MachineLayout,
  files: FilePolicy,
  ways: EngineWays,
): string[] {
  const { uid, gid } = ways.user
  const generated = Object.keys(generatedFiles(plan, uid, gid))
  return shownRun(
    containerSpec(plan, {
      ...{ name: 'cloche', image: plan.image ?? MACHINE_IMAGE, labels: {} },
      network: 'container:(the gateway’s)',
      layout: plan.image === null ? layout : null,
      ...{ ways, entries: files.entries },
      ...{
        inside: '(run folder)',
        init: '(container-init)',
        observer: null,
      },
      empty: { file: '(empty file)', folder: '(empty folder)' },
      closed: { file: '(closed file)', folder: '(closed folder)' },
      files: Object.fromEntries(generated.map((path) => [path, `(generated)${path}`])),
      env: sandboxEnv(plan, layout.shell, process.env.LANG ?? 'C.UTF-8'),
      argv: [...withPrelude(plan, plan.argv)],
    }),
    ways.client,
  )
}

function policyOf(
  plan: PlanInput,
  layout: MachineLayout,
  files: FilePolicy,
  ways: EngineWays,
): EffectivePolicy {
  const command = shownSpec(plan, layout, files, ways)
  const programs = plan.image === null ? layout : { image: plan.image }
  const hidden = new Set(plan.granted)
  const lets = ways.lets.map(
    (text): PolicySentence => ({
      ...{ axis: 'processes', kind: 'can', origin: 'boundary', text },
    }),
  )
  return {
    sentences: [...policySentences(plan, programs, files), ...lets],
    command: command.map((word) => (hidden.has(word.split('=')[0] ?? '') ? '•••' : word)),
  }
}

interface Given {
  readonly engine: Engine
  readonly filter: Uint8Array
  readonly sessionId: SessionId
  readonly observe: Observe | undefined
}

/** Makes all that exists before the first process; what fails undoes what was made. */
async function prepare(
  plan: PlanInput,
  given: Given,
  options: ContainerOptions,
  pool: NetworkPool,
): Promise<Result<SandboxBuild, StartFailure>> {
  const client = connectEngine(given.engine.socket)
  const [[layout, files], ways] = await Promise.all([
    readMachine(plan, options),
    waysOf(given.engine.facts),
  ])
  const visible = visibleFolders(plan, layout, files)
  const folder = await makeRunFolder(visible)
  const undoing: (() => Promise<unknown>)[] = [() => folder.remove()]
  const undo = async (): Promise<void> => {
    for (const step of undoing.splice(0).reverse())
      await step().catch((cause: unknown) =>
        options.limits.log.warn('a part of a container start was not undone', cause),
      )
  }
  try {
    const image = await readImage(client, plan, layout, folder.path)
    if (!image.ok) {
      await undo()
      return image
    }
    const letGo = await options.placeholders.hold(heldEntries(plan, files))
    undoing.push(letGo)
    const { machine } = image.value
    const network = await pool.take(`${given.engine.socket} ${machine}`, () =>
      makeNetwork({ ...options, client, layout, ways, image: machine, log: options.limits.log }),
    )
    undoing.push(() => network.dispose())
    const parts = {
      ...given,
      client,
      folder,
      layout,
      ways,
      files,
      visible,
      network,
      undo,
      undoing,
      options,
    }
    return ok(await makeContainer(image.value.plan, { ...parts, image: image.value }))
  } catch (cause) {
    await undo()
    throw cause
  }
}

interface Making extends Given {
  readonly client: Docker
  readonly folder: RunFolder
  readonly layout: MachineLayout
  readonly ways: EngineWays
  readonly files: FilePolicy
  readonly visible: readonly string[]
  readonly image: ImageUse
  readonly network: ContainerNetwork
  readonly undo: () => Promise<void>
  readonly undoing: (() => Promise<unknown>)[]
  readonly options: ContainerOptions
}

async function makeContainer(plan: PlanInput, making: Making): Promise<SandboxBuild> {
  const { engine, client, filter, sessionId, folder, layout, files, visible, ways } = making
  const { image, network, undo, undoing, options } = making
  const { uid, gid } = ways.user
  const env = {
    ...sandboxEnv(plan, image.shell, process.env.LANG ?? 'C.UTF-8'),
    ...(image.path === null ? {} : { PATH: [...plan.path, image.path].join(':') }),
  }
  const plain = Object.fromEntries(
    Object.entries(env).filter(([name]) => !plan.granted.includes(name)),
  )
  const { setUp } = plan
  const granted = plan.granted.map((name) => `${name}=${plan.env[name] ?? ''}`)
  // As unique as its folder, and says who made it.
  const name = basename(folder.path)
  const inside = join(folder.path, 'inside')
  const joined = join(folder.path, 'joined')
  const closedFolder = join(folder.path, 'closed-folder')
  const emptyFolder = join(folder.path, 'empty-folder')
  const observer = (await making.observe?.(hiddenPaths(plan, files), 'here')) ?? null
  await Promise.all([inside, closedFolder, emptyFolder].map((path) => mkdir(path)))
  // Whatever this user's own choice for new files is.
  await Promise.all([chmod(inside, 0o755), chmod(emptyFolder, 0o755), chmod(closedFolder, 0)])
  const channel = await openBootChannel(join(inside, 'host.sock'), granted)
  undoing.push(() => Promise.resolve(channel.close()))
  const canaries = await placeCanaries(folder.path)
  undoing.push(() => canaries.close())
  const [generated, empty, closedFile, identities, owner] = await Promise.all([
    writeFiles(folder, generatedFiles(plan, uid, gid)),
    folder.write('empty', ''),
    folder.write('closed', '', 0),
    identifyPlan(plan, files),
    ownerOf(process.pid),
    // The program is mounted over it: where the folder lies, none might be run.
    folder.write('inside/init', ''),
    folder.write('inside/filter', filter, 0o644),
    folder.write('inside/observer.sock', ''),
  ])
  const planned = {
    ...{ plan, entries: files.entries, identities, visible },
    variables: [...Object.keys(env), ...image.variables, ...ways.variables],
  }
  const probe = probeWords(null, [...canaries.args, protectedFolder(planned)])
  const spec = containerSpec(plan, {
    ...{ name, image: image.name, layout: image.layout, network: network.mode },
    ...{ ways, env: plain, entries: files.entries, files: generated },
    ...{ inside, init: options.initProgram, observer },
    empty: { file: empty, folder: emptyFolder },
    closed: { file: closedFile, folder: closedFolder },
    labels: {
      [LABEL.kind]: 'session',
      [LABEL.session]: sessionId,
      [LABEL.owner]: owner ?? '',
    },
    argv: [...probe, ...image.argv],
  })
  const container = await client.createContainer(spec)
  undoing.push(() => removeContainer(container))
  if (setUp?.kind === 'makes') await giveKeptHome(container, ways.user)
  // The terminal inside does all there is to do for keys and lines.
  const bridge = (...words: readonly string[]): LaunchSpec => ({
    file: layout.shell,
    args: [
      ...['-c', 'stty raw -echo 2>/dev/null; exec "$@"', 'cloche'],
      ...[options.nodePath, options.bridgeScript, engine.socket, ...words],
    ],
    env: { ...options.nodeEnv },
    cwd: '/',
  })
  const launch = bridge('container', container.id, joined)
  return {
    policy: policyOf(plan, layout, files, ways),
    launch: { ...launch, env: { ...launch.env, ...canaries.env } },
    join: (_pid, exited) =>
      startContainer({
        ...{ planned, container, network, channel, canaries, exited },
        keep:
          setUp?.kind === 'makes'
            ? () =>
                keepAsImage(client, container, {
                  ...{ image: image.name, name: setUp.image, users: ways.users },
                })
            : null,
        ...{ engine: engine.facts, user: `${uid}:${gid}`, ended: undo, name: sessionId },
        joined,
        entry: {
          ...{ shell: image.shell, workspace: plan.workspace },
          bridge: (exec) => bridge('exec', exec),
        },
        limits: options.limits,
        log: options.limits.log,
      }),
    abandon: undo,
  }
}

/** By path inside, where each is on the machine. */
async function writeFiles(
  folder: RunFolder,
  contents: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const written = await Promise.all(
    Object.entries(contents).map(async ([path, content]) => [
      path,
      await folder.write(path.slice(1).replaceAll('/', '-'), content, 0o644),
    ]),
  )
  return Object.fromEntries(written)
}
