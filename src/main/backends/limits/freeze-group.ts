import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hierarchiesOf, pathsOf } from './cgroup-homes.ts'
import { type Group, GROUP_PREFIX, removeGroup } from './cgroup.ts'

/** How long the kernel may take until the last process stands still. */
const SETTLE_MS = 1000
const POLL_MS = 5

/** Holds every process of a session at once, also those it is just starting. */
export interface FreezeGroup {
  readonly folder: string
  /** Whether all of them stand still, or all go on, when it resolves. */
  set(isFrozen: boolean): Promise<boolean>
  /** Lets everybody go, and removes the group unless it is one of the limits' groups. */
  release(): Promise<void>
}

/**
 * Only groups of version 2 freeze: those of version 1 hold a process even against being killed, so
 * that a dead host would leave it behind. `limits` gives the groups the session is in by now; of
 * version 2 a process can be in one only.
 */
export async function makeFreezeGroup(
  home: string | null,
  limits: () => readonly Group[],
  name: string,
  pids: readonly number[],
): Promise<FreezeGroup | null> {
  const given = (): string | undefined => limits().find(({ version }) => version === 2)?.folder
  const first = given() ?? (home && join(home, `${GROUP_PREFIX}${name}`))
  if (first === null) return null
  const own = given() === undefined ? first : null
  if (own !== null)
    try {
      await mkdir(own, { recursive: true })
      await access(join(own, 'cgroup.freeze'), constants.W_OK)
      for (const pid of pids) await writeFile(join(own, 'cgroup.procs'), String(pid))
    } catch {
      // Not ours to use after all: the session is frozen by signals.
      await removeGroup({ folder: own })
      return null
    }
  const set: FreezeGroup['set'] = async (isFrozen) => {
    const folder = given() ?? first
    await writeFile(join(folder, 'cgroup.freeze'), isFrozen ? '1' : '0')
    const until = performance.now() + SETTLE_MS
    while ((await isFrozenNow(folder)) !== isFrozen) {
      if (performance.now() > until) return false
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    return true
  }
  return {
    folder: first,
    set,
    release: async () => {
      await set(false).catch(() => false)
      if (own !== null) await removeGroup({ folder: own })
    },
  }
}

const isFrozenNow = async (folder: string): Promise<boolean> =>
  /^frozen 1$/m.test(await readFile(join(folder, 'cgroup.events'), 'utf8'))

/** The group of version 2 this process is in, where groups can be made below it; else null. */
export async function findFreezeHome(mounts: string, cgroup: string): Promise<string | null> {
  const mount = hierarchiesOf(mounts).find(({ version }) => version === 2)
  const path = pathsOf(cgroup).get('unified')
  if (!mount || path === undefined) return null
  const folder = join(mount.point, path)
  return access(join(folder, 'cgroup.procs'), constants.W_OK).then(
    () => folder,
    () => null,
  )
}

export const readFreezeHome = async (): Promise<string | null> =>
  findFreezeHome(
    await readFile('/proc/self/mounts', 'utf8').catch(() => ''),
    await readFile('/proc/self/cgroup', 'utf8').catch(() => ''),
  )
