import { readFile } from 'node:fs/promises'
import {
  type LimitName,
  type LimitReport,
  type Limits,
  limitsChanged,
} from '../../../shared/domain/limits.ts'
import { err, ok } from '../../../shared/result.ts'
import type { Log, Sandbox } from '../../core/ports.ts'
import { familyOf } from '../kernel-facts.ts'
import { identify, signalProcess } from '../process-identity.ts'
import type { ProgramStarter } from '../program-starter.ts'
import { type CgroupHomes, readHomes } from './cgroup-homes.ts'
import { type Group, makeGroups, moveInto, putInto, removeGroup, timesReached } from './cgroup.ts'
import { changeGroups, CONTROLLER_OF } from './change.ts'
import { makeFreezeGroup, readFreezeHome } from './freeze-group.ts'
import { reportLimits } from './means.ts'
import { createWriterFinder, readOwnWritten, readUsage, type Usage } from './usage.ts'

export interface LimitOptions {
  readonly starter: ProgramStarter
  /** Host pids of all live processes of the sandbox with this first process. */
  readonly members: (rootPid: number) => Promise<number[]>
  readonly log: Log
  /** For tests of machines that hand over none. */
  readonly homes?: CgroupHomes
  readonly freezeHome?: string | null
  /** Somebody else made these and sets the limits in them: they are only watched. */
  readonly given?: {
    readonly groups: readonly Group[]
    /** Sets others; false: it cannot be done while it runs. */
    readonly change: (limits: Limits, names: readonly LimitName[]) => Promise<boolean>
  }
}

export type Reached = (limit: LimitName, detail: string) => void

/** The limits of one session. Whoever made it calls `release` when its processes are gone. */
export interface LimitKeeper {
  readonly reports: readonly LimitReport[]
  /** See `Sandbox.hold`. */
  readonly hold: ((isHeld: boolean) => Promise<boolean>) | null
  readonly change: Sandbox['changeLimits']
  /** Holds another process, and all it starts, as the session's. Rejects where that cannot be. */
  admit(pid: number): Promise<void>
  /** Watches what the kernel does not hold, and tells what was reached. Ends with `release`. */
  watch(reached: Reached): void
  release(): Promise<void>
}

export interface Held {
  /** The sandbox's first process, when it is there; nothing of the session runs yet. */
  readonly root: Promise<number>
  /** Who is there by now and must be in the groups, with all they start. */
  readonly pids: readonly number[]
  readonly name: string
  /**
   * Resolves when nothing of the sandbox starts anything any more until it is let go: what is there
   * by then is held as well. So the limits are set while the sandbox is still being built.
   */
  readonly quiet: Promise<unknown>
  /** Told how to take back all that was made, for a start that fails before there is a keeper. */
  readonly made?: (release: () => Promise<void>) => void
}

/**
 * A crash inside must leave nothing outside: not a file, and no start of the program that collects
 * crashes as root, which only this very number prevents. It is set last: who took it over took all.
 */
const NO_CORE = '--core=1:1'

const LOOK_MS = 500
const RUN_MS = 5000
/** Written between two looks by what does not really write. */
const IDLE_BYTES = 256 * 1024
/** Processes of ours in a sandbox's user table, which the kernel counts as well: `socket-owners`, `mount-keeper`. */
const OURS = 2
/** A limit that is reached all the time is told this often. */
const TELL_MS = 60_000
/** Niceness of a session whose computing time nothing limits: the window comes first. */
const NICENESS = 5

/**
 * Sets the limits before the agent runs: control groups where they are ours, else
 * resource limits. The one for processes counts per sandbox, because it is set on a process that
 * is in its own user table already; the person's other programs are not counted.
 */
export async function keepLimits(
  limits: Limits,
  held: Held,
  options: LimitOptions,
): Promise<LimitKeeper> {
  const homes = options.homes ?? (await readHomes())
  const made = await makeGroups(homes, limits, held.name, held.pids)
  const { refused } = made
  let groups: readonly Group[] = made.groups
  const freezeHome = options.freezeHome === undefined ? await readFreezeHome() : options.freezeHome
  const freezing = makeFreezeGroup(freezeHome, () => groups, held.name, held.pids)
  let stopWatching: () => void = () => undefined
  const release = async (): Promise<void> => {
    stopWatching()
    await (await freezing)?.release()
    for (const group of groups) await removeGroup(group)
  }
  held.made?.(release)
  const given = options.given?.groups ?? []
  const holding = (): Group[] => [...groups, ...given]
  const versions = () =>
    new Map(holding().map(({ controller, version }) => [controller, version] as const))
  const has = versions()
  const isRoot = process.getuid?.() === 0
  const rlimits = [
    ...(limits.processes === null || has.has('pids') || isRoot
      ? []
      : [`--nproc=${limits.processes}:${limits.processes}`]),
    ...(limits.memoryBytes === null || has.has('memory')
      ? []
      : [`--data=${limits.memoryBytes}:${limits.memoryBytes}`]),
    NO_CORE,
  ]
  const rootPid = await held.root
  const holdBack = async (pids: readonly number[]): Promise<boolean> => {
    if (pids.length === 0) return true
    if (limits.cpuPercent !== null && !has.has('cpu'))
      await options.starter.run(
        'renice',
        ['-n', String(NICENESS), '-p', ...pids.map(String)],
        RUN_MS,
      )
    const took = await Promise.all(
      pids.map((pid) => setRlimits(pid, pid === rootPid, rlimits, options)),
    )
    return took.every(Boolean)
  }
  const tookFirst = await holdBack([rootPid])
  const freeze = await freezing
  const started = (): Promise<number[]> => familyOf(rootPid)
  const folders = [...groups, ...(freeze ? [freeze] : [])].map(({ folder }) => folder)
  const takeIn = async (): Promise<boolean> => {
    for (const folder of folders) if (!(await moveInto(folder, started))) return false
    return true
  }
  // Moving takes the kernel long: who is taken in now need not be when all wait for it.
  await takeIn()
  await held.quiet
  if (!(await takeIn()))
    throw new Error('a process of the sandbox stayed outside of its control group')
  const tookRest = await holdBack(await withoutLimits(await started()))
  const took = tookFirst && tookRest
  const report = (now: Limits): LimitReport[] =>
    reportLimits(now, {
      groups: versions(),
      refused,
      hasProcessRlimit: took && rlimits.some((item) => item.startsWith('--nproc')),
      hasMemoryRlimit: took && rlimits.some((item) => item.startsWith('--data')),
    })
  let now: InForce = { limits, groups: holding(), reports: report(limits) }
  const change: LimitKeeper['change'] = async (wanted) => {
    const names = limitsChanged(now.limits, wanted)
    const byKernel = names.filter((name) => name !== 'disk')
    // What a resource limit holds was taken over by every process there is, and is not given back.
    const isGiven = (name: (typeof byKernel)[number]): boolean =>
      given.some(({ controller }) => controller === CONTROLLER_OF[name])
    const stuck = byKernel.filter((name) => !isGiven(name) && !homes.has(CONTROLLER_OF[name]))
    if (stuck.length > 0) return err(stuck)
    const own = byKernel.filter((name) => !isGiven(name))
    const members = (): Promise<number[]> => options.members(rootPid)
    const before = { groups, limits: now.limits, homes, name: held.name, members }
    const changed = await changeGroups(before, wanted, own)
    groups = changed.groups
    if (changed.refused.length > 0) return err(changed.refused)
    const theirs = byKernel.filter(isGiven)
    if (theirs.length > 0 && !(await options.given?.change(wanted, theirs))) return err(theirs)
    now = { limits: wanted, groups: holding(), reports: report(wanted) }
    return ok(now.reports)
  }
  return {
    reports: now.reports,
    change,
    hold: freeze && freeze.set,
    admit: async (pid) => {
      for (const group of groups) await putInto(group, pid)
      if (freeze) await putInto(freeze, pid)
      // What an engine starts later took nothing over from the first process.
      if (!(await holdBack([pid]))) throw new Error('the kernel did not take them')
    },
    watch: (reached) => {
      stopWatching = watch({ now: () => now, rootPid, reached }, options)
    },
    release,
  }
}

/** Those that were started before their parent had the limits, or are gone. */
async function withoutLimits(pids: readonly number[]): Promise<number[]> {
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '')),
  )
  return pids.filter((_, index) => !/^Max core file size +1 +1 /m.test(texts[index] ?? ''))
}

/** `mustBe`: one that is gone has not taken them. */
async function setRlimits(
  pid: number,
  mustBe: boolean,
  args: readonly string[],
  { starter, log }: Pick<LimitOptions, 'starter' | 'log'>,
): Promise<boolean> {
  const done = await starter.run('prlimit', ['--pid', String(pid), ...args], RUN_MS)
  if (done.code === 0 || (!mustBe && (await identify(pid)) === null)) return true
  log.warn(`resource limits were not taken: ${done.stderr.trim()}`)
  return false
}

interface InForce {
  readonly limits: Limits
  readonly groups: readonly Group[]
  readonly reports: readonly LimitReport[]
}

interface Watched {
  readonly now: () => InForce
  readonly rootPid: number
  readonly reached: Reached
}

function watch(watched: Watched, options: LimitOptions): () => void {
  const { now, rootPid } = watched
  const told = new Map<LimitName, number>()
  const tell: Reached = (limit, detail) => {
    const atMs = performance.now()
    if (atMs - (told.get(limit) ?? -TELL_MS) < TELL_MS) return
    told.set(limit, atMs)
    watched.reached(limit, detail)
  }
  const means = (limit: LimitName) =>
    now().reports.find((item) => item.limit === limit)?.means ?? []
  const counts = new Map<Group, number>()
  const findWriter = createWriterFinder()
  const findParent = createWriterFinder()
  let writtenBytes = 0

  const lookAtKernel = async (): Promise<void> => {
    for (const group of now().groups) {
      const count = (await timesReached(group)) ?? 0
      if (count > (counts.get(group) ?? 0))
        if (group.controller === 'pids') tell('processes', 'No further process could be started.')
        else tell('memory', 'The kernel ended a process of the session.')
      counts.set(group, count)
    }
  }
  const lookAtProcesses = async (): Promise<void> => {
    const { limits } = now()
    const pids = await options.members(rootPid)
    const usages = (await Promise.all(pids.map(readUsage))).filter((item) => item !== null)
    const threads = sum(usages, 'threads')
    if (limits.processes !== null && means('processes').includes('rlimit'))
      if (threads + OURS >= limits.processes)
        tell('processes', 'No further process could be started.')
    if (limits.memoryBytes !== null && means('memory').includes('watched'))
      if (sum(usages, 'memoryBytes') > limits.memoryBytes && (await endLargest(usages, rootPid)))
        tell('memory', 'The largest process of the session was ended.')
    if (limits.diskBytes === null) return
    // Of those that nobody waited for the kernel forgets what they wrote: it never sinks.
    writtenBytes = Math.max(writtenBytes, sum(usages, 'writtenBytes'))
    if (writtenBytes <= limits.diskBytes) return
    const others = usages.filter(({ pid }) => pid !== rootPid)
    const own = await Promise.all(
      others.map(async ({ pid }) => [pid, await readOwnWritten(pid)] as const),
    )
    // Writers that end before they are met show as what their parent waited for.
    const byParent = findParent(new Map(others.map((usage) => [usage.pid, usage.writtenBytes])))
    const writer = [findWriter(new Map(own)), byParent].find(
      (item) => item !== null && item.bytes > IDLE_BYTES,
    )
    if (writer && (await end(writer.pid)))
      tell('disk', 'What goes on writing is ended, until the session is started anew.')
  }

  const needsProcesses = (): boolean =>
    now().reports.some(({ means: by }) => by.includes('watched') || by.includes('rlimit'))
  let isStopped = false
  let timer: NodeJS.Timeout | null = null
  const look = async (): Promise<void> => {
    try {
      await lookAtKernel()
      if (needsProcesses()) await lookAtProcesses()
    } catch (cause) {
      options.log.error('the limits of a session could not be looked at', cause)
    }
    if (!isStopped) timer = setTimeout(() => void look(), LOOK_MS)
  }
  timer = setTimeout(() => void look(), LOOK_MS)
  return () => {
    isStopped = true
    if (timer) clearTimeout(timer)
  }
}

const sum = (usages: readonly Usage[], key: 'memoryBytes' | 'threads' | 'writtenBytes'): number =>
  usages.reduce((total, usage) => total + usage[key], 0)

/** Not the sandbox's own first process: that would end all of it. */
async function endLargest(usages: readonly Usage[], rootPid: number): Promise<boolean> {
  const [largest] = usages
    .filter(({ pid }) => pid !== rootPid)
    .sort((a, b) => b.memoryBytes - a.memoryBytes)
  return largest !== undefined && end(largest.pid)
}

async function end(pid: number): Promise<boolean> {
  const identity = await identify(pid)
  if (identity) await signalProcess(identity, 'SIGKILL')
  return identity !== null
}
