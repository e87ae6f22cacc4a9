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
 * holds processes may not have controllers below it, so the nearest one above that may be used.
 */
export async function findHomes(mounts: string, cgroup: string): Promise<CgroupHomes> {
  const homes = new Map<Controller, CgroupHome>()
  const paths = pathsOf(cgroup)
  for (const { point, version, controllers } of hierarchiesOf(mounts)) {
    for (const controller of CONTROLLERS) {
      const path = paths.get(version === 2 ? 'unified' : controller)
      if (path === undefined || (version === 1 && !controllers.includes(controller))) continue
      const folder =
        version === 1
          ? await writable(join(point, path))
          : await delegated(point, join(point, path), controller)
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

/** The nearest group above our own that passes the controller on to groups below, and is ours. */
async function delegated(top: string, own: string, controller: Controller): Promise<string | null> {
  for (let folder = join(own, '..'); folder.startsWith(top); folder = join(folder, '..')) {
    if ((await writable(folder)) === null) return null
    const passedOn = await readFile(join(folder, 'cgroup.subtree_control'), 'utf8').catch(() => '')
    if (passedOn.split(/\s+/).includes(controller)) return folder
  }
  return null
}
