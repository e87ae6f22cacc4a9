import type { Requester } from '../../shared/domain/policy.ts'
import { type ProcessIdentity, processKey } from '../../shared/domain/process.ts'
import type { Clock, ProcessReader, ProcessRef, ProcFiles } from '../core/ports.ts'
import type { ProcessReading } from '../core/processes.ts'
import type { WatchedKernel } from './kernel.ts'
import { readTable } from './net-tables.ts'
import {
  CLOCK_TICKS_PER_SECOND,
  type ProcImage,
  type ProcStat,
  readChildren,
  readCwd,
  readImage,
  readInnerPid,
  readPidNamespace,
  readStat,
  readUptimeMs,
} from './proc-files.ts'
import { createProcessTable } from './process-table.ts'

/** Ancestors named at most; a chain longer than this is a trick, not a program. */
const MAX_ANCESTORS = 64
/** Scans of several sessions that fall together share one listing of /proc. */
const SHARED_SCAN_MS = 100

export interface ScanRequest {
  /** Members of this moment, not of a moment before that another session asked for. */
  readonly isFresh?: boolean
  /** Members, by pid, that neither a namespace nor their parents show. */
  readonly marked?: ReadonlyMap<number, ProcessRef>
}

/** Reads the processes of sandboxes from the /proc of their kernel. */
export interface ProcfsReader extends ProcessReader {
  /** null: it is gone. */
  reading(pid: number): Promise<ProcessReading | null>
  /**
   * One reading per member; details are read again only when `previous` does not fit any more.
   */
  scan(
    rootPid: number,
    previous: ReadonlyMap<number, ProcessReading>,
    how?: ScanRequest,
  ): Promise<readonly ProcessReading[]>
  /** Pids of what the first thread of a process started and still has. */
  children(pid: number): Promise<number[]>
  /** Whether a pid namespace of its own holds it and all it starts. */
  isNamespaced(pid: number): Promise<boolean>
  readonly innerPidNow: WatchedKernel['innerPidNow']
}

export function createProcessReader(kernel: WatchedKernel, clock: Clock): ProcfsReader {
  const { proc } = kernel
  const table = createProcessTable(kernel, () => clock.monoMs())

  const startedAtMs = async (stat: ProcStat): Promise<number> => {
    const agoMs = (await readUptimeMs(proc)) - (stat.startTicks * 1000) / CLOCK_TICKS_PER_SECOND
    return Math.round(clock.wallMs() - Math.max(0, agoMs))
  }

  const read = async (
    pid: number,
    previous: ProcessReading | undefined,
  ): Promise<ProcessReading | null> => {
    const stat = await readStat(proc, pid)
    if (!stat) return null
    const known = previous?.startTicks === stat.startTicks ? previous : null
    // A process that has ended shows no arguments any more; what it was is still true.
    const isSame = known && (known.image === stat.image || stat.exit !== null)
    const details = isSame ? known : await readDetails(proc, stat)
    return {
      ...details,
      pid,
      startTicks: stat.startTicks,
      ppid: stat.ppid,
      state: stat.state,
      image: isSame ? known.image : stat.image,
      cpuMs: (stat.cpuTicks * 1000) / CLOCK_TICKS_PER_SECOND,
      rssBytes: stat.rssBytes,
      exit: stat.exit,
      innerPid: known ? known.innerPid : await readInnerPid(proc, pid),
      startedAtMs: known ? known.startedAtMs : await startedAtMs(stat),
    }
  }

  return {
    members: (rootPid) => table.members(rootPid, 0),
    requester: (pid, rootPid) => readRequester(proc, pid, rootPid),
    holding: kernel.holding,
    counters: kernel.counters,
    netTable: (pid, name) => readTable(proc, pid, name),
    reading: (pid) => read(pid, undefined),
    scan: async (rootPid, previous, { isFresh = false, marked } = {}) => {
      const known = marked ? new Map<number, ProcessRef>([...marked, ...previous]) : previous
      const members = await table.members(rootPid, isFresh ? 0 : SHARED_SCAN_MS, known)
      const readings = await Promise.all(members.map((pid) => read(pid, previous.get(pid))))
      return readings.filter((item): item is ProcessReading => item !== null)
    },
    children: (pid) => readChildren(proc, pid),
    isNamespaced: async (pid) =>
      (await readPidNamespace(proc, pid)) !== (await readPidNamespace(proc, kernel.outerPid)),
    innerPidNow: kernel.innerPidNow,
  }
}

async function readDetails(
  proc: ProcFiles,
  stat: ProcStat,
): Promise<ProcImage & { cwd: string | null }> {
  const [image, cwd] = await Promise.all([readImage(proc, stat), readCwd(proc, stat.pid)])
  return { ...image, cwd }
}

async function readRequester(
  proc: ProcFiles,
  pid: number,
  rootPid: number,
): Promise<Requester | null> {
  const chain: ProcessIdentity[] = []
  const space = await readPidNamespace(proc, rootPid)
  let isWhole = false
  for (let next = pid; next > 0 && chain.length <= MAX_ANCESTORS; ) {
    // What entered a sandbox as a terminal was started from outside: the chain begins with it.
    isWhole = chain.length > 0 && space !== (await readPidNamespace(proc, next))
    const stat = isWhole ? null : await readStat(proc, next)
    if (!stat) break
    const image = await readImage(proc, stat)
    chain.push({ ...image, pid: next, key: processKey(next, stat.startTicks) })
    if (next === rootPid) break
    next = stat.ppid
  }
  const [process, ...ancestors] = chain
  if (!process) return null
  // A chain that leads past the sandbox says nothing about it: keep the process itself.
  isWhole ||= chain.at(-1)?.pid === rootPid
  return { process, ancestors: isWhole ? ancestors : [] }
}
