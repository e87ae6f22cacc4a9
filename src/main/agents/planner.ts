import { copyFile, mkdir, realpath, rm, stat, chmod } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { splitCommandLine } from '../../shared/command-line.ts'
import { mayHaveImage } from '../../shared/domain/isolation.ts'
import type { SessionSpec, StartFailure } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { DevContainers, DevContainerUse } from '../core/dev-container-port.ts'
import {
  type Mount,
  type OwnProgram,
  type Plan,
  planSandbox,
  planUnconfined,
  type SetUp,
} from '../core/isolation/plan.ts'
import type { Planner } from '../core/session-preparation.ts'
import type { Variables } from '../core/variables.ts'
import { isWithin } from '../core/within.ts'
import { type AgentDescriptor, descriptorOf } from './descriptors.ts'
import { planFileRules, SYSTEM_TREES } from './file-rules.ts'
import { type MachineTrust, makeSessionTrust } from './trust-store.ts'
import {
  describeForImage,
  describeProgram,
  findAgent,
  findCommand,
  findShell,
  type Program,
  type Surroundings,
} from './program.ts'

export interface PlannerOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly user: string
  /** Values of the variables a person let in. */
  readonly variables: Variables['resolve']
  /** What the machine's programs trust. */
  readonly trust: () => Promise<MachineTrust>
  /** Cloche's own data; never a workspace, never visible inside. */
  readonly dataDir: string
  readonly devContainers: Pick<DevContainers, 'use'>
}

/** Too much at once; folders below them are fine. */
const REFUSED_FOLDERS = ['/', '/home', '/media', '/mnt', '/nix', '/opt', '/srv', '/tmp', '/var']

const NO_GATEWAY = 'a stand-in needs the gateway, which an unconfined session does not have'
const NO_TRUST_STORE = {
  type: 'boundary_failed',
  part: 'the trust store',
  detail: 'This machine has no file of trusted certificates in a usual place.',
  remedy: 'Install ca-certificates, or start the session without looking into TLS.',
} as const

export function createPlanner(options: PlannerOptions): Planner {
  return {
    plan: async (spec, { resume, acknowledgement, certificate }) => {
      const workspace = await checkWorkspace(spec.workspace, options)
      if (!workspace.ok) return workspace
      const agent = descriptorOf(spec.agent)
      if (isNamespaceless(spec.level) && spec.innerSandbox === 'on' && agent.innerOff)
        return err({ type: 'inner_sandbox_impossible', agent: agent.name })
      const around = { env: options.env, home: options.home, workspace: workspace.value }
      const files = await planFileRules(spec.files, { ...options, workspace: workspace.value })
      if (!files.ok) return files
      const variables = options.variables(spec.variables)
      if (!variables.ok) return variables
      const [standIn] = variables.value.standIns
      if (standIn && spec.level === 'unconfined')
        return err({ type: 'variable_refused', name: standIn.name, reason: NO_GATEWAY })
      const program = await choosePrograms(agent, spec, resume, around, options.devContainers)
      if (!program.ok) return program

      const trust =
        certificate === null
          ? null
          : await makeSessionTrust(certificate, await options.trust(), options.dataDir)
      if (certificate !== null && !trust) return err(NO_TRUST_STORE)

      const input = {
        workspace: workspace.value,
        isReview: spec.review,
        copy: null,
        argv: program.value.argv,
        home: options.home,
        user: options.user,
        mounts: [
          ...program.value.mounts,
          ...(await prepareState(agent, spec, options)),
          ...(trust ? [trust.mount] : []),
        ],
        env: { ...agentEnv(agent, options.home), ...trust?.env, ...variables.value.env },
        granted: Object.keys(variables.value.env),
        secrets: variables.value.secrets,
        standIns: variables.value.standIns,
        trustFile: trust?.file ?? null,
        files: files.value,
        maskSecrets: spec.maskSecrets,
        limits: spec.limits,
        image: program.value.image,
        prelude: program.value.prelude,
        setUp: program.value.setUp,
        ownProgram: program.value.ownProgram,
        path: program.value.path,
        signIn: spec.useSignIn ? agent.signIn : [],
        hosts: spec.grants,
        denied: spec.denies,
        otherHosts: spec.network,
      }
      const plan = makePlan(spec, input, acknowledgement)
      if (!plan) return err({ type: 'acknowledgement_required' })
      const title = spec.title?.trim() || basename(workspace.value)
      return ok({ plan, agentName: agent.name, title })
    },
    release: async ({ trustFile }) => {
      if (trustFile !== null) await rm(trustFile, { force: true })
    },
  }
}

/** Programs inside may make no namespaces, and an agent's own sandbox is made of them. */
const isNamespaceless = (level: SessionSpec['level']): boolean => level !== 'unconfined'

function makePlan(
  spec: SessionSpec,
  input: Parameters<typeof planUnconfined>[0],
  acknowledgement: Parameters<typeof planUnconfined>[1] | null,
): Plan | null {
  if (spec.level !== 'unconfined') return planSandbox({ ...input, level: spec.level })
  // The person's own home and sign-in are what unconfined means: nothing is put in their place.
  const env = Object.fromEntries(input.granted.map((name) => [name, input.env[name] ?? '']))
  return acknowledgement && planUnconfined({ ...input, mounts: [], env }, acknowledgement)
}

/** What the agent itself needs; a value may name the home with `~`. */
const agentEnv = (agent: AgentDescriptor, home: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(agent.env).map(([name, value]) => [name, value.replace(/^~(?=\/|$)/, home)]),
  )

async function checkWorkspace(
  path: string,
  { home, dataDir }: PlannerOptions,
): Promise<Result<string, StartFailure>> {
  const refuse = (reason: string) => err({ type: 'workspace_refused' as const, path, reason })
  if (!path.startsWith('/')) return refuse('It must be an absolute path.')
  let canonical: string
  try {
    canonical = await realpath(path)
    if (!(await stat(canonical)).isDirectory()) return err({ type: 'workspace_not_folder', path })
  } catch {
    return err({ type: 'workspace_missing', path })
  }
  if (isWithin(await realpath(home).catch(() => home), canonical))
    return refuse('It holds your whole home folder. Choose a folder below it.')
  if (
    REFUSED_FOLDERS.includes(canonical) ||
    SYSTEM_TREES.some((folder) => isWithin(canonical, folder))
  )
    return refuse('It is a system folder. Choose a folder of your own.')
  const own = await realpath(dataDir).catch(() => dataDir)
  if (isWithin(canonical, own) || isWithin(own, canonical))
    return refuse('It holds the recordings and rules of Cloche itself.')
  return ok(canonical)
}

async function findProgram(
  agent: AgentDescriptor,
  spec: SessionSpec,
  resume: boolean,
  around: Surroundings,
): Promise<Result<Program, StartFailure>> {
  if (agent.id === 'command') {
    const words = splitCommandLine(spec.command ?? '')
    if (!words.ok) return err({ type: 'command_invalid', reason: words.error })
    const [name, ...args] = words.value as [string, ...string[]]
    const found = await findCommand(name, around)
    if (!found) return err({ type: 'command_invalid', reason: `there is no program "${name}"` })
    return describeProgram(found, args, around)
  }
  if (agent.id === 'shell') {
    const shell = await findShell(around.env)
    if (!shell) return err({ type: 'agent_not_found', agent: 'shell', install: null })
    return describeProgram(shell, agent.args, around)
  }
  const found = await findAgent(agent, around)
  if (!found) return err({ type: 'agent_not_found', agent: agent.id, install: agent.install })
  return describeProgram(found.executable, argsOf(agent, spec, resume), around)
}

function argsOf(agent: AgentDescriptor, spec: SessionSpec, resume: boolean): readonly string[] {
  const args = [...(resume && agent.resumeArgs ? agent.resumeArgs : agent.args), ...spec.args]
  // Unconfined, the agent's own sandbox is the only one there is: it stays as its owner set it.
  if (spec.level === 'unconfined') return args
  const confined = [...(spec.innerSandbox === 'off' ? (agent.innerOff ?? []) : []), ...args]
  return agent.questions ? agent.questions.args(confined) : confined
}

interface Programs extends Program {
  readonly image: string | null
  readonly prelude: string | null
  readonly setUp: SetUp | null
  readonly ownProgram: OwnProgram | null
}

/** This machine's program, or one of an image; then this machine's is there for an image without it. */
async function choosePrograms(
  agent: AgentDescriptor,
  spec: SessionSpec,
  resume: boolean,
  around: Surroundings,
  devContainers: Pick<DevContainers, 'use'>,
): Promise<Result<Programs, StartFailure>> {
  const dev = spec.level === 'container' ? spec.devContainer : null
  const used = dev && (await devContainers.use(around.workspace, dev))
  if (used && !used.ok) return err({ type: 'dev_container_refused', reason: used.error })
  if (dev?.setsUp && used) return setUpProgram(used.value)
  const image = used ? imageOf(used.value) : mayHaveImage(spec.level) ? spec.image : null
  const prelude = used?.value.prelude ?? null
  const setUp = used?.value.setUp ? ({ kind: 'used' } as const) : null
  if (image === null) {
    const found = await findProgram(agent, spec, resume, around)
    return found.ok ? ok({ ...found.value, image, prelude, setUp, ownProgram: null }) : found
  }
  const inside = inImage(agent, spec, resume)
  if (!inside.ok) return inside
  // A command is what the person typed, and means the image's.
  const found = await findAgent(agent, around)
  const [, ...args] = inside.value.argv
  const ownProgram = found && describeForImage(found.executable, args, around)
  return ok({ ...inside.value, image, prelude, setUp, ownProgram })
}

const imageOf = ({ image, setUp }: DevContainerUse): string => setUp?.image ?? image

/** Nothing but the create commands runs: the backend knows what keeps the home after them. */
const setUpProgram = ({ shown, image, setUp }: DevContainerUse): Result<Programs, StartFailure> =>
  setUp
    ? ok({
        ...{ argv: ['/bin/sh'], mounts: [], path: [], image, prelude: setUp.prelude },
        ...{ setUp: { kind: 'makes', image: setUp.image }, ownProgram: null },
      })
    : err({
        type: 'dev_container_refused',
        reason: `${shown.path} has no commands that run once: there is nothing to set up.`,
      })

/** By name: the backend looks for it where it will run, before anything does. */
function inImage(
  agent: AgentDescriptor,
  spec: SessionSpec,
  resume: boolean,
): Result<Program, StartFailure> {
  const make = (argv: readonly string[]) => ok({ argv, mounts: [], path: [] })
  if (agent.id === 'command') {
    const words = splitCommandLine(spec.command ?? '')
    return words.ok ? make(words.value) : err({ type: 'command_invalid', reason: words.error })
  }
  return make([agent.binary ?? 'sh', ...argsOf(agent, spec, resume)])
}

/**
 * The agent's state folders live in Cloche's data, one set per agent: it keeps its conversations
 * and sign-in between sessions, and nothing it writes there is ever run outside a sandbox.
 */
async function prepareState(
  agent: AgentDescriptor,
  spec: SessionSpec,
  { home, dataDir }: PlannerOptions,
): Promise<Mount[]> {
  if (spec.level === 'unconfined') return []
  const own = join(dataDir, 'homes', agent.id)
  const mounts: Mount[] = []
  for (const folder of agent.stateFolders) {
    await mkdir(join(own, folder), { recursive: true, mode: 0o700 })
    mounts.push({ source: join(own, folder), target: join(home, folder), access: 'write' })
  }
  if (spec.useSignIn)
    for (const file of agent.signIn) await copySignIn(join(home, file), join(own, file))
  return mounts
}

/** The person's newer sign-in replaces the copy; the agent's refreshed one is kept otherwise. */
async function copySignIn(from: string, to: string): Promise<void> {
  const source = await stat(from).catch(() => null)
  if (!source?.isFile()) return
  const copy = await stat(to).catch(() => null)
  if (copy && copy.mtimeMs >= source.mtimeMs) return
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  await copyFile(from, to)
  await chmod(to, 0o600)
}
