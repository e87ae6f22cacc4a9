import { err, ok, type Result } from '../../shared/result.ts'
import type { Entry } from '../core/terminal-port.ts'
import { joinEntered, MACHINE_KERNEL, shellsToTry } from './entered.ts'
import { exists } from './exists.ts'
import { childrenOf } from './kernel-facts.ts'
import type { LimitKeeper } from './limits/keeper.ts'
import type { Planned } from './probe-run.ts'
import type { ProcessIdentity } from './process-identity.ts'
import { makeRunFolder } from './run-folder.ts'

/** What a further program is given, as the agent was. */
export interface EnterParts {
  /** Built `sandbox-enter` program. It may be missing: it takes a compiler. */
  readonly program: string
  readonly filter: Uint8Array
  /** The whole environment inside. */
  readonly env: Readonly<Record<string, string>>
  /** The machine's own shell. */
  readonly shell: string
}

/** See native/sandbox-enter.c. */
export async function enterBubblewrap(
  { program, filter, env, shell }: EnterParts,
  {
    planned,
    root,
    keeper,
  }: {
    readonly planned: Planned
    readonly root: ProcessIdentity
    readonly keeper: LimitKeeper
  },
  wanted: string | null,
): Promise<Result<Entry, string>> {
  if (!(await exists(program)))
    return err('The small program that enters a sandbox was not built on this machine.')
  const folder = await makeRunFolder(planned.visible)
  try {
    const path = await folder.write('seccomp', filter)
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}\0`)
    const feed = await folder.feed('variables', words.join(''))
    return ok({
      launch: {
        file: program,
        args: [
          ...[String(root.pid), String(root.ticks), path, `${folder.path}/variables`],
          ...[planned.plan.workspace, '--', ...shellsToTry(wanted, shell)],
        ],
        env: {},
        cwd: '/',
      },
      join: async (pid, exited) => {
        const entered = await joinEntered({
          ...{ kernel: MACHINE_KERNEL, first: root.pid },
          find: async () => (await childrenOf(pid))[0] ?? null,
          ...{ admit: keeper.admit, exited },
        })
        if (entered.ok) await folder.remove()
        return entered
      },
      abandon: async () => {
        await feed.stop()
        await folder.remove()
      },
    })
  } catch (cause) {
    await folder.remove()
    throw cause
  }
}
