import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../exists.ts'
import { type Controller, CONTROLLERS, hierarchiesOf, pathsOf } from '../limits/cgroup-homes.ts'
import type { Group } from '../limits/cgroup.ts'

const LIMIT_OF = { cpu: 'cpu', memory: 'memory', pids: 'processes' } as const

/** The groups an engine put the container of `pid` into, for the limits it may set. */
export async function containerGroups(
  pid: number,
  holds: Readonly<Record<(typeof LIMIT_OF)[Controller], boolean>>,
): Promise<Group[]> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
  const hierarchies = hierarchiesOf(await read('/proc/self/mounts'))
  const paths = pathsOf(await read(`/proc/${pid}/cgroup`))
  const groups: Group[] = []
  for (const controller of CONTROLLERS) {
    if (!holds[LIMIT_OF[controller]]) continue
    const at = hierarchies.find(
      ({ version, controllers }) => version === 2 || controllers.includes(controller),
    )
    const path = paths.get(at?.version === 2 ? 'unified' : controller)
    if (!at || path === undefined) continue
    const folder = join(at.point, path)
    if (await exists(folder)) groups.push({ controller, version: at.version, folder })
  }
  return groups
}
