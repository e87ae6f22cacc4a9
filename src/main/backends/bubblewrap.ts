import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { EffectivePolicy } from '../../shared/domain/effective-policy.ts'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { StartFailure } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { PlanInput } from '../core/isolation/plan.ts'
import type { Log, Observe, SandboxBackend, SandboxBuild } from '../core/ports.ts'
import {
  bubblewrapArgs,
  generatedFiles,
  grantedArgs,
  sandboxEnv,
  type SmallFile,
} from './bubblewrap-args.ts'
import { CHANNEL, findProbe, launchSpec, smallFiles } from './bubblewrap-launcher.ts'
import { type Channels, startSandbox } from './bubblewrap-start.ts'
import { diagnoseBubblewrap, findBubblewrap } from './diagnose-bubblewrap.ts'
import { exists } from './exists.ts'
import { policySentences, shownCommand } from './effective-policy.ts'
import type { FilePolicy } from './files/entries.ts'
import { identifyPlan } from './files/mounted.ts'
import { heldEntries, hiddenPaths, visibleFolders } from './files/on-machine.ts'
import type { Placeholders } from './files/placeholders.ts'
import { readFilePolicy } from './files/policy.ts'
import { orRefused } from './files/refused.ts'
import type { LimitOptions } from './limits/keeper.ts'
import { type MachineLayout, readLayout } from './layout.ts'
import { placeCanaries } from './probe-canaries.ts'
import { type Planned, protectedFolder } from './probe-run.ts'
import { makeRunFolder } from './run-folder.ts'
import { compileSandboxFilter } from './seccomp.ts'
import type { SandboxHelpers } from './take-network.ts'
import { refuseWritable } from './writable-helpers.ts'

export interface BubblewrapOptions extends SandboxHelpers {
  readonly log: Log
  readonly placeholders: Placeholders
  readonly limits: LimitOptions
  /** Built `observed-start` program. */
  readonly observedProgram: string
  /** Built `probe` program. It may be missing: a shell does the same, only slower. */
  readonly probeProgram: string
  /** Built `sandbox-enter` program. */
  readonly enterProgram: string
  /** For tests of machines that lack it. */
  readonly bubblewrapPaths?: readonly string[]
}

/** The OS sandbox of Linux: namespaces from an empty root, a system-call filter, no network. */
export function createBubblewrapBackend(options: BubblewrapOptions): SandboxBackend {
  return {
    level: 'os',
    diagnose: () => diagnoseBubblewrap(options.bubblewrapPaths),
    describe: async (plan) => {
      if (plan.level !== 'os') throw new Error(`a plan for ${plan.level} reached bubblewrap`)
      return orRefused(async () => {
        const policy = await readFilePolicy(plan, options.placeholders.isHeld)
        return ok(render(plan, await readLayout(), policy, RUN_FOLDER).policy)
      })
    },
    build: async (plan, sessionId, observe) => {
      if (plan.level !== 'os') throw new Error(`a plan for ${plan.level} reached bubblewrap`)
      const refusal = await refuseWritable(plan, [
        ...[options.nodePath, options.listenerScript],
        ...[options.networkProgram, options.socketsProgram, options.observedProgram],
        ...[options.mountsProgram, options.enterProgram, options.probeProgram],
        ...(options.starter.program === null ? [] : [options.starter.program]),
      ])
      if (refusal) return refusal
      const bubblewrap = await findBubblewrap(options.bubblewrapPaths)
      if (!bubblewrap.ok)
        return failed('bubblewrap', bubblewrap.error, 'Install bubblewrap from your distribution.')
      const filter = compileSandboxFilter(process.arch)
      if (!filter)
        return failed(
          'the system-call filter',
          `none is known for ${process.arch}`,
          'Use a machine with an x86-64 or 64-bit ARM processor.',
        )
      try {
        const parts = { bubblewrap: bubblewrap.value, filter }
        return await orRefused(async () =>
          ok(await prepare(plan, parts, { ...options, sessionId, observe })),
        )
      } catch (cause) {
        options.log.error(`session ${sessionId}: the run folder could not be made`, cause)
        return failed('the run folder', String(cause), 'Free some space, or look at the log.')
      }
    },
  }
}

function failed(part: string, detail: string, remedy: string): Result<never, StartFailure> {
  return err({ type: 'boundary_failed', part, detail, remedy })
}

/** Stands for the private folder of a start in the words of a preview. */
const RUN_FOLDER = '(run folder)'

interface Rendered {
  readonly env: Readonly<Record<string, string>>
  /** Files of ours, by name in the run folder. */
  readonly contents: ReadonlyMap<string, string>
  readonly small: readonly SmallFile[]
  readonly args: readonly string[]
  readonly policy: EffectivePolicy
}

/** Words and arguments of one plan; nothing is made. */
function render(
  plan: PlanInput,
  layout: MachineLayout,
  files: FilePolicy,
  folder: string,
): Rendered {
  const { uid, gid } = userInfo()
  const contents = new Map([['empty', '']])
  const sources = Object.fromEntries(
    layout.etcFiles.map((name) => [`/etc/${name}`, `/etc/${name}`]),
  )
  for (const [path, content] of Object.entries(generatedFiles(plan, uid, gid))) {
    const name = path.slice(1).replaceAll('/', '-')
    contents.set(name, content)
    sources[path] = join(folder, name)
  }
  const env = sandboxEnv(plan, layout.shell, process.env.LANG ?? 'C.UTF-8')
  const small = smallFiles(sources, layout.shell)
  const args = bubblewrapArgs(plan, layout, {
    env,
    files: small,
    empty: join(folder, 'empty'),
    entries: files.entries,
  })
  const words = [...args, ...grantedArgs(plan), '--', ...plan.argv]
  const shown = shownCommand('bwrap', words, new Set(plan.granted))
  const policy = { sentences: policySentences(plan, layout, files), command: shown }
  return { env, contents, small, args, policy }
}

const zeroEnded = (words: readonly string[]): string => words.map((word) => `${word}\0`).join('')

/** Writes all that the launcher reads. What it opened is closed again by `abandon` or `destroy`. */
async function prepare(
  plan: PlanInput,
  { bubblewrap, filter }: { readonly bubblewrap: string; readonly filter: Uint8Array },
  options: BubblewrapOptions & {
    readonly sessionId: SessionId
    readonly observe: Observe | undefined
  },
): Promise<SandboxBuild> {
  const [layout, files] = await Promise.all([
    readLayout(),
    readFilePolicy(plan, options.placeholders.isHeld),
  ])
  const visible = visibleFolders(plan, layout, files)
  const folder = await makeRunFolder(visible, options.starter)
  // Stand-ins have to be on disk before they exist; all else is made meanwhile.
  const holding = options.placeholders.hold(heldEntries(plan, files))
  const observing = options.observe?.(hiddenPaths(plan, files), 'here')
  const opening = folder.fifos(CHANNEL.userns, CHANNEL.go)
  const feeding = folder.feed(CHANNEL.granted, zeroEnded(grantedArgs(plan)))
  const placing = placeCanaries(folder.path)
  const undo = async (): Promise<void> => {
    await Promise.allSettled([
      feeding.then((feed) => feed.stop()),
      opening.then((files) => Promise.all(files.map((file) => file.close()))),
      placing.then((canaries) => canaries.close()),
    ])
    await folder.remove()
    const letGo = await holding.catch(() => null)
    await letGo?.()
  }
  try {
    const rendered = render(plan, layout, files, folder.path)
    const written = [...rendered.contents].map(([name, content]) => folder.write(name, content))
    const [fifos, canaries, letGo] = await Promise.all([
      opening,
      placing,
      holding,
      feeding,
      folder.write(CHANNEL.args, zeroEnded(rendered.args)),
      folder.write(CHANNEL.seccomp, filter),
      ...written,
    ])
    const identities = await identifyPlan(plan, files)
    const socket = (await exists(options.observedProgram)) ? ((await observing) ?? null) : null
    const [userns, go] = fifos
    if (!userns || !go) throw new Error('a channel of the start is missing')
    const probe = await findProbe(options.probeProgram, layout.shell)
    const channels: Channels = { folder, userns, go, canaries, waits: probe !== null }
    const planned: Planned = {
      plan,
      variables: Object.keys(rendered.env),
      entries: files.entries,
      identities,
      visible,
    }
    return {
      policy: rendered.policy,
      launch: launchSpec(plan, {
        shell: layout.shell,
        folder: folder.path,
        files: rendered.small,
        bubblewrap,
        probe,
        canaries: [...channels.canaries.args, protectedFolder(planned)],
        canaryEnv: channels.canaries.env,
        observed: socket === null ? null : { program: options.observedProgram, socket },
      }),
      join: (pid, exited) =>
        startSandbox({
          planned,
          channels,
          ended: letGo,
          exited,
          pid,
          helper: options,
          enter: {
            ...{ program: options.enterProgram, filter, env: rendered.env, shell: layout.shell },
          },
          name: options.sessionId,
          limits: options.limits,
          log: options.log,
        }),
      abandon: undo,
    }
  } catch (cause) {
    await undo()
    throw cause
  }
}
