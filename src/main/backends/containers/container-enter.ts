import type Docker from 'dockerode'
import { err, ok, type Result } from '../../../shared/result.ts'
import type { Entry, LaunchSpec } from '../../core/terminal-port.ts'
import { joinEntered, MACHINE_KERNEL, shellsToTry } from '../entered.ts'
import type { LimitKeeper } from '../limits/keeper.ts'
import { FILTER, INIT } from './container-spec.ts'

/** What starts programs in a container of an engine. */
export interface ContainerEntry {
  /** The image's own shell. */
  readonly shell: string
  readonly workspace: string
  /** Joins a terminal of this machine to that of a program the engine has made ready. */
  readonly bridge: (execId: string) => LaunchSpec
}

/**
 * Made by the engine, which puts it behind all walls of its own, and held by the same filter as the
 * agent: see `enter` of native/container-init.c. It has what variables the engine knows: the values
 * that a person let in went another way, because an engine shows what it is told.
 */
export async function enterContainer(
  { shell, workspace, bridge }: ContainerEntry,
  {
    container,
    user,
    first,
    keeper,
  }: {
    readonly container: Docker.Container
    readonly user: string
    readonly first: number
    readonly keeper: LimitKeeper
  },
  wanted: string | null,
): Promise<Result<Entry, string>> {
  const shells = shellsToTry(wanted, shell)
  try {
    const exec = await container.exec({
      ...{ Cmd: [INIT, 'enter', FILTER, '--', ...shells], User: user, WorkingDir: workspace },
      ...{ Tty: true, AttachStdin: true, AttachStdout: true, AttachStderr: true },
    })
    return ok({
      launch: bridge(exec.id),
      join: (_pid, exited) =>
        joinEntered({
          ...{ kernel: MACHINE_KERNEL, first, admit: keeper.admit, exited },
          find: async () => {
            const { Running, Pid } = await exec.inspect()
            return Running && Pid > 0 ? Pid : null
          },
        }),
      // What is only made ready runs nowhere, and goes with its container.
      abandon: () => Promise.resolve(),
    })
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause)
    return err(`The container engine did not let it in: ${words}`)
  }
}
