import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Limits } from '../../../shared/domain/limits.ts'
import type { CgroupHomes, Controller } from './cgroup-homes.ts'

/** Names of groups that are ours to remove. */
export const GROUP_PREFIX = 'cloche-'
/** Whoever starts programs faster than they are moved that often cannot be held. */
const MOST_ROUNDS = 100
/** Microseconds over which the kernel counts computing time. */
const PERIOD_US = 100_000

/** One session's group under one controller. */
export interface Group {
  readonly controller: Controller
  readonly version: 1 | 2
  readonly folder: string
}

/** What is written to hold a limit: file, value, and whether a kernel may lack it. */
type Setting = readonly [file: string, value: string, optional?: 'optional']

/** What lets go again of what `settingsOf` holds. */
export function freeSettings(controller: Controller, version: 1 | 2): readonly Setting[] {
  if (controller === 'pids') return [['pids.max', 'max']]
  if (controller === 'cpu')
    return version === 2 ? [['cpu.max', `max ${PERIOD_US}`]] : [['cpu.cfs_quota_us', '-1']]
  return version === 2
    ? [
        ['memory.max', 'max'],
        ['memory.swap.max', 'max', 'optional'],
      ]
    : [
        ['memory.memsw.limit_in_bytes', '-1', 'optional'],
        ['memory.limit_in_bytes', '-1'],
      ]
}

/** null: this controller has nothing to hold. */
export function settingsOf(
  controller: Controller,
  version: 1 | 2,
  limits: Limits,
): readonly Setting[] | null {
  const { cpuPercent, memoryBytes, processes } = limits
  if (controller === 'pids') return processes === null ? null : [['pids.max', String(processes)]]
  if (controller === 'cpu') {
    if (cpuPercent === null) return null
    const quota = String(Math.round((cpuPercent / 100) * PERIOD_US))
    return version === 2
      ? [['cpu.max', `${quota} ${PERIOD_US}`]]
      : [
          ['cpu.cfs_period_us', String(PERIOD_US)],
          ['cpu.cfs_quota_us', quota],
        ]
  }
  if (memoryBytes === null) return null
  const bytes = String(memoryBytes)
  return version === 2
    ? [
        ['memory.max', bytes],
        ['memory.swap.max', '0', 'optional'],
      ]
    : [
        ['memory.limit_in_bytes', bytes],
        ['memory.memsw.limit_in_bytes', bytes, 'optional'],
      ]
}

/**
 * Makes the groups that hold what was asked and moves `pids` into them. A controller that refuses
 * is left out, with the kernel's words. The caller removes the groups.
 */
export async function makeGroups(
  homes: CgroupHomes,
  limits: Limits,
  name: string,
  pids: readonly number[],
): Promise<{ groups: Group[]; refused: ReadonlyMap<Controller, string> }> {
  const groups: Group[] = []
  const refused = new Map<Controller, string>()
  for (const [controller, { version, folder: home }] of homes) {
    const settings = settingsOf(controller, version, limits)
    if (!settings) continue
    const group = { controller, version, folder: join(home, `${GROUP_PREFIX}${name}`) }
    try {
      await mkdir(group.folder, { recursive: true })
      await writeSettings(group, settings)
      for (const pid of pids) await writeFile(join(group.folder, 'cgroup.procs'), String(pid))
      groups.push(group)
    } catch (cause) {
      refused.set(controller, cause instanceof Error ? cause.message : String(cause))
      await removeGroup(group)
    }
  }
  return { groups, refused }
}

/** Moves what runs, and what that starts meanwhile; false: somebody stayed outside. */
export async function moveInto(
  folder: string,
  members: () => Promise<readonly number[]>,
): Promise<boolean> {
  const procs = join(folder, 'cgroup.procs')
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const inside = new Set((await readFile(procs, 'utf8')).split('\n').map(Number))
    const outside = (await members()).filter((pid) => !inside.has(pid))
    if (outside.length === 0) return true
    // One that ended meanwhile needs no moving.
    for (const pid of outside) await writeFile(procs, String(pid)).catch(() => undefined)
  }
  return false
}

/** Rejects with the kernel's words. */
export async function writeSettings(
  { folder }: Pick<Group, 'folder'>,
  settings: readonly Setting[],
): Promise<void> {
  for (const [file, value, optional] of settings)
    await writeFile(join(folder, file), value).catch((cause: unknown) => {
      if (!optional) throw cause
    })
}

/** The kernel removes a group only when nothing is in it; the caller ended what was. */
export const removeGroup = ({ folder }: Pick<Group, 'folder'>): Promise<void> =>
  rmdir(folder).catch(() => undefined)

/** Groups that hosts before this one left behind; one that is still used cannot be removed. */
export async function sweepGroups(homes: CgroupHomes, freezeHome: string | null): Promise<void> {
  const folders = new Set([...homes.values()].map(({ folder }) => folder))
  if (freezeHome) folders.add(freezeHome)
  for (const folder of folders)
    for (const name of await readdir(folder).catch(() => []))
      if (name.startsWith(GROUP_PREFIX)) await removeGroup({ folder: join(folder, name) })
}

/** How often the kernel had to hold the limit so far; null: it does not count that. */
export async function timesReached({ controller, version, folder }: Group): Promise<number | null> {
  if (controller === 'cpu') return null
  const [file, name] =
    controller === 'pids'
      ? ['pids.events', 'max']
      : version === 2
        ? ['memory.events', 'oom_kill']
        : ['memory.oom_control', 'oom_kill']
  const text = await readFile(join(folder, file), 'utf8').catch(() => '')
  const count = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]
  return count === undefined ? null : Number(count)
}
