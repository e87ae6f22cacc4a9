import { access, constants, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Controllers that hold a limit, by the names the kernel gives them. */
export const CONTROLLERS = ['cpu', 'memory', 'pids'] as const
export type Controller = (typeof CONTROLLERS)[number]

/** A control group of ours in which groups of sessions can be made. */
export interface CgroupHome {
  readonly version: 1 | 2
  readonly folder: string
}

/** Where each controller can be used by this user; absent: nowhere. */
export type CgroupHomes = ReadonlyMap<Controller, CgroupHome>

interface Hierarchy {
  readonly point: string
  readonly version: 1 | 2
  readonly controllers: readonly string[]
}

/** `/proc/mounts`: device, mount point, type, options, … */
export function hierarchiesOf(mounts: string): Hierarchy[] {
  return mounts.split('\n').flatMap((line): Hierarchy[] => {
    const [, point = '', type, options = ''] = line.split(' ')
    if (type === 'cgroup2') return [{ point, version: 2, controllers: [] }]
    if (type === 'cgroup') return [{ point, version: 1, controllers: options.split(',') }]
    return []
  })
}

/** `/proc/PID/cgroup`: number, controllers, path; the one of version 2 names no controller. */
export function pathsOf(cgroup: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>()
  for (const line of cgroup.split('\n')) {
    const [, names, ...path] = line.split(':')
    if (names === undefined || path.length === 0) continue
    for (const name of names === '' ? ['unified'] : names.split(','))
      paths.set(name, path.join(':'))
  }
  return paths
}

/**
 * Version 1: the group this process is in, where its folder may be written. Version 2: the same,
 * where it was handed to this user with the controller (systemd: `Delegate=`), and a group that
 * holds processes may not have controllers below it, so one above that may be used. There a process
 * is in one group only, so it is the same for all controllers.
 */
export async function findHomes(mounts: string, cgroup: string): Promise<CgroupHomes> {
  const homes = new Map<Controller, CgroupHome>()
  const paths = pathsOf(cgroup)
  for (const { point, version, controllers } of hierarchiesOf(mounts)) {
    if (version === 2) {
      const path = paths.get('unified')
      const found = path === undefined ? null : await delegated(point, join(point, path))
      for (const controller of found?.controllers ?? [])
        if (found && !homes.has(controller))
          homes.set(controller, { version, folder: found.folder })
      continue
    }
    for (const controller of CONTROLLERS) {
      const path = paths.get(controller)
      if (path === undefined || !controllers.includes(controller)) continue
      const folder = await writable(join(point, path))
      if (folder && !homes.has(controller)) homes.set(controller, { version, folder })
    }
  }
  return homes
}

export const readHomes = async (): Promise<CgroupHomes> =>
  findHomes(
    await readFile('/proc/self/mounts', 'utf8').catch(() => ''),
    await readFile('/proc/self/cgroup', 'utf8').catch(() => ''),
  )

const writable = (folder: string): Promise<string | null> =>
  access(folder, constants.W_OK).then(
    () => folder,
    () => null,
  )

/** Of the groups above our own that are ours, the nearest that passes on as much as any of them. */
async function delegated(
  top: string,
  own: string,
): Promise<{ folder: string; controllers: readonly Controller[] } | null> {
  let best: { folder: string; controllers: readonly Controller[] } | null = null
  for (let folder = join(own, '..'); folder.startsWith(top); folder = join(folder, '..')) {
    if ((await writable(folder)) === null) break
    const text = await readFile(join(folder, 'cgroup.subtree_control'), 'utf8').catch(() => '')
    const passedOn = text.trim().split(/\s+/)
    const controllers = CONTROLLERS.filter((name) => passedOn.includes(name))
    if (controllers.length > (best?.controllers.length ?? 0)) best = { folder, controllers }
  }
  return best
}
