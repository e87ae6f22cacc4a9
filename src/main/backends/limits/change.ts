import type { LimitName, Limits } from '../../../shared/domain/limits.ts'
import type { CgroupHomes, Controller } from './cgroup-homes.ts'
import {
  freeSettings,
  type Group,
  makeGroups,
  moveInto,
  removeGroup,
  settingsOf,
  writeSettings,
} from './cgroup.ts'

export const CONTROLLER_OF: Readonly<Record<Exclude<LimitName, 'disk'>, Controller>> = {
  cpu: 'cpu',
  memory: 'memory',
  processes: 'pids',
}

export interface GroupsNow {
  readonly groups: readonly Group[]
  readonly limits: Limits
  readonly homes: CgroupHomes
  /** Of a group that is made now. */
  readonly name: string
  /** Host pids of all that runs, asked again until nobody is left outside. */
  readonly members: () => Promise<number[]>
}

/** Groups that were made for a change stay, whoever made the first ones removes them as well. */
export interface GroupsChanged {
  readonly groups: readonly Group[]
  /** These could not be held so; nothing was changed. */
  readonly refused: readonly LimitName[]
}

/** Other limits for what runs already: one after the other, and all back where one is refused. */
export async function changeGroups(
  now: GroupsNow,
  limits: Limits,
  names: readonly Exclude<LimitName, 'disk'>[],
): Promise<GroupsChanged> {
  const groups = [...now.groups]
  const done: Exclude<LimitName, 'disk'>[] = []
  for (const name of names) {
    const known = groups.find(({ controller }) => controller === CONTROLLER_OF[name])
    const made = known ? [] : await make(now, name, limits)
    groups.push(...made)
    if (known ? !(await set(known, limits)) : made.length === 0) {
      for (const earlier of [...done, name]) await back(groups, now.limits, earlier)
      return { groups, refused: [name] }
    }
    done.push(name)
  }
  return { groups, refused: [] }
}

async function back(
  groups: readonly Group[],
  limits: Limits,
  name: Exclude<LimitName, 'disk'>,
): Promise<void> {
  const group = groups.find(({ controller }) => controller === CONTROLLER_OF[name])
  if (group) await set(group, limits)
}

/** Version 1 has two limits of memory, of which one must never pass the other: either order may be it. */
async function set(group: Group, limits: Limits): Promise<boolean> {
  const { controller, version } = group
  const settings = settingsOf(controller, version, limits) ?? freeSettings(controller, version)
  const write = (): Promise<boolean> =>
    writeSettings(group, settings).then(
      () => true,
      () => false,
    )
  if (await write()) return true
  await writeSettings(group, settings.toReversed()).catch(() => undefined)
  return write()
}

/** Empty: this controller is not ours to use, or it refused. */
async function make(
  { homes, name, members }: GroupsNow,
  limit: Exclude<LimitName, 'disk'>,
  limits: Limits,
): Promise<Group[]> {
  const controller = CONTROLLER_OF[limit]
  const home = homes.get(controller)
  if (!home) return []
  const { groups } = await makeGroups(new Map([[controller, home]]), limits, name, [])
  for (const group of groups) {
    if (await moveInto(group.folder, members)) continue
    await removeGroup(group)
    return []
  }
  return groups
}
