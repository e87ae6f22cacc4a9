import { userInfo } from 'node:os'
import type { StartFailure } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { PlanInput } from '../core/isolation/plan.ts'
import type { Log, SandboxBackend, SandboxBuild } from '../core/ports.ts'
import { bubblewrapArgs, generatedFiles, sandboxEnv } from './bubblewrap-args.ts'
import { CHANNEL, launchSpec } from './bubblewrap-launcher.ts'
import { type Channels, startSandbox } from './bubblewrap-start.ts'
import { diagnoseBubblewrap, findBubblewrap } from './diagnose-bubblewrap.ts'
import type { ListenerHelper } from './listener-handover.ts'
import { readLayout } from './layout.ts'
import { placeCanaries } from './probe-canaries.ts'
import { protectedPaths } from './protected-paths.ts'
import { makeRunFolder } from './run-folder.ts'
import { compileSandboxFilter } from './seccomp.ts'
import { writableHelper } from './writable-helpers.ts'

export interface BubblewrapOptions extends ListenerHelper {
  readonly log: Log
  /** For tests of machines that lack it. */
  readonly bubblewrapPaths?: readonly string[]
}

/** The OS sandbox of Linux: namespaces from an empty root, a system-call filter, no network. */
export function createBubblewrapBackend(options: BubblewrapOptions): SandboxBackend {
  return {
    level: 'os',
    diagnose: () => diagnoseBubblewrap(options.bubblewrapPaths),
    build: async (plan, sessionId) => {
      if (plan.level !== 'os') throw new Error(`a plan for ${plan.level} reached bubblewrap`)
      const own = await writableHelper(plan, [options.nodePath, options.listenerScript])
      if (own)
        return failed(
          'Cloche’s own program',
          `${own} could be changed inside, and it runs outside`,
          'Choose another workspace, or start Cloche from another copy of itself.',
        )
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
        return ok(await prepare(plan, { bubblewrap: bubblewrap.value, filter }, options))
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

/** Writes all that the launcher reads. What it opened is closed again by `abandon` or `destroy`. */
async function prepare(
  plan: PlanInput,
  { bubblewrap, filter }: { readonly bubblewrap: string; readonly filter: Uint8Array },
  options: BubblewrapOptions,
): Promise<SandboxBuild> {
  const layout = await readLayout()
  const sources = plan.mounts.map((mount) => mount.source)
  const folder = await makeRunFolder([plan.workspace, ...sources, ...layout.folders])
  try {
    const { uid, gid } = userInfo()
    const files: Record<string, string> = {}
    for (const [path, content] of Object.entries(generatedFiles(plan, uid, gid)))
      files[path] = await folder.write(path.slice(1).replaceAll('/', '-'), content)
    const env = sandboxEnv(plan, layout.shell, process.env.LANG ?? 'C.UTF-8')
    const args = bubblewrapArgs(plan, layout, {
      env,
      files,
      protectedPaths: await protectedPaths(plan.workspace),
    })
    await folder.write(CHANNEL.args, args.map((arg) => `${arg}\0`).join(''))
    await folder.write(CHANNEL.seccomp, filter)
    const channels: Channels = {
      folder,
      userns: await folder.fifo(CHANNEL.userns),
      go: await folder.fifo(CHANNEL.go),
      canaries: await placeCanaries(folder.path),
    }
    return {
      launch: launchSpec(plan, {
        shell: layout.shell,
        folder: folder.path,
        bubblewrap,
        canaries: channels.canaries.args,
        canaryEnv: channels.canaries.env,
      }),
      join: (pid, exited) =>
        startSandbox({
          plan,
          channels,
          variables: Object.keys(env),
          exited,
          pid,
          helper: options,
          log: options.log,
        }),
      abandon: async () => {
        await Promise.all([channels.userns.close(), channels.go.close(), channels.canaries.close()])
        await folder.remove()
      },
    }
  } catch (cause) {
    await folder.remove()
    throw cause
  }
}
