import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import type { EngineFacts } from './engines.ts'

/** How an engine is asked for something, so that what stands in the end is the same with every one. */
export interface EngineWays {
  /** Command of its own that is the same. */
  readonly client: 'docker' | 'podman'
  /** As the program inside sees itself; on the machine it is always the person. */
  readonly user: { readonly uid: number; readonly gid: number }
  /**
   * `kept`: the person has the own number inside, in a user namespace that is made with the network,
   * and that a session joins with it. `engine`: there is none but the engine's.
   */
  readonly users: 'kept' | 'engine'
  /** Podman gives folders in memory to root alone; who else is inside is only this user. */
  readonly givesFolders: boolean
  /** Of every folder in memory. Podman would fill it with what an image has at its place. */
  readonly folderOptions: readonly string[]
  /** Beside those that are always set. */
  readonly ulimits: readonly Ulimit[]
  /** How paths are hidden: in a field of their own, or as one of the options of security. */
  readonly masks: 'field' | 'option'
  /** Names of variables that it sets by itself. */
  readonly variables: readonly string[]
  /** What programs inside can do with this engine and with no other: verb and object. */
  readonly lets: readonly string[]
}

type Kind = Pick<EngineFacts, 'name' | 'isRootless' | 'cgroupVersion'>

/** Podman gives no namespace of control groups where they are of version 1, and does not say so. */
export const letsInside = ({ name, cgroupVersion }: Kind): string[] =>
  name === 'Podman' && cgroupVersion === '1'
    ? ['read what its control groups are called on this machine']
    : []

interface Ulimit {
  readonly Name: string
  readonly Soft: number
  readonly Hard: number
}

/** Of Docker as it is installed; before a start no engine is asked. */
export const usualWays = (): EngineWays => ({
  ...{ client: 'docker', user: person() },
  ...{ users: 'engine', givesFolders: true, folderOptions: [], ulimits: [] },
  ...{ masks: 'field', variables: ['HOSTNAME'], lets: [] },
})

/** Rejects when this process cannot be read about. */
export async function waysOf(engine: Kind): Promise<EngineWays> {
  if (engine.name === 'Docker')
    // Root of a rootless engine is the person.
    return { ...usualWays(), ...(engine.isRootless ? { user: { uid: 0, gid: 0 } } : {}) }
  return {
    ...{ client: 'podman', user: person(), givesFolders: false, folderOptions: ['notmpcopyup'] },
    ...{ masks: 'option', variables: ['HOSTNAME', 'container'] },
    users: engine.isRootless ? 'kept' : 'engine',
    lets: letsInside(engine),
    // As root it wants more than root may have everywhere; a person’s own Podman keeps the person’s.
    ulimits: engine.isRootless
      ? []
      : ulimitsOf(
          await readFile('/proc/self/limits', 'utf8'),
          Number(await readFile('/proc/sys/kernel/pid_max', 'utf8')),
        ),
  }
}

const person = (): EngineWays['user'] => {
  const { uid, gid } = userInfo()
  return { uid, gid }
}

/**
 * `limits`: `/proc/PID/limits`, where a name has the soft and the hard limit behind it. As much as that
 * process may have; of processes never more than the kernel has numbers for, which Podman may not
 * give itself either.
 */
export function ulimitsOf(limits: string, pidMax: number): Ulimit[] {
  const most = (title: string): number => {
    const line = limits.split('\n').find((each) => each.startsWith(title))
    return Number(/(\d+)\s+\w+\s*$/.exec(line ?? '')?.[1] ?? Number.POSITIVE_INFINITY)
  }
  const wanted = {
    nofile: most('Max open files'),
    nproc: Math.min(pidMax, most('Max processes')),
  }
  return Object.entries(wanted)
    .filter(([, value]) => Number.isFinite(value))
    .map(([Name, value]) => ({ Name, Soft: value, Hard: value }))
}
