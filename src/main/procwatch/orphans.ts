import { readFile } from 'node:fs/promises'
import {
  type OrphanFinder,
  type OrphanProcess,
  type ProcessRef,
  SESSION_VARIABLE,
} from '../core/ports.ts'
import { machineProc } from './machine-proc.ts'
import {
  CLOCK_TICKS_PER_SECOND,
  pidsAmong,
  type ProcStat,
  readImage,
  readStat,
  readUptimeMs,
} from './proc-files.ts'

const ENVIRONMENT_BYTES = 256 * 1024

/** Looks for processes of an ended session among all of this user's. */
export function createOrphanFinder(): OrphanFinder {
  return {
    bootId: async () => {
      const text = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => null)
      return text?.trim() ?? null
    },
    identify: async (pid) => refOf(await readStat(machineProc, pid)),
    find: async (session, known) => {
      const pids = pidsAmong((await machineProc.list('/proc')) ?? [])
      const read = await Promise.all(pids.map((pid) => readStat(machineProc, pid)))
      const stats = read.filter((stat): stat is ProcStat => stat !== null && stat.exit === null)
      const marker = Buffer.from(`${SESSION_VARIABLE}=${session}\0`)
      const marked = await Promise.all(stats.map(({ pid }) => hasMarker(pid, marker)))
      const found = stats.filter(
        (stat, index) => marked[index] === true || known.some((ref) => isSame(ref, stat)),
      )
      const members = withDescendants(found, stats)
      return Promise.all(members.map(describe))
    },
  }
}

const refOf = (stat: ProcStat | null): ProcessRef | null =>
  stat && stat.exit === null ? { pid: stat.pid, startTicks: stat.startTicks } : null

const isSame = (ref: ProcessRef, stat: ProcStat): boolean =>
  ref.pid === stat.pid && ref.startTicks === stat.startTicks

/** The environment it was started with: a program can hide it, but not by forking. */
async function hasMarker(pid: number, marker: Buffer): Promise<boolean> {
  const bytes = await machineProc.read(`/proc/${pid}/environ`, ENVIRONMENT_BYTES)
  const at = bytes?.indexOf(marker) ?? -1
  return at === 0 || (at > 0 && bytes?.[at - 1] === 0)
}

function withDescendants(found: readonly ProcStat[], all: readonly ProcStat[]): ProcStat[] {
  const members = new Map(found.map((stat) => [stat.pid, stat]))
  for (let size = -1; size !== members.size; ) {
    size = members.size
    for (const stat of all) if (members.has(stat.ppid)) members.set(stat.pid, stat)
  }
  // This program and what started it never belong to what it ends.
  members.delete(process.pid)
  members.delete(process.ppid)
  return [...members.values()]
}

async function describe(stat: ProcStat): Promise<OrphanProcess> {
  const [{ name, argv }, uptimeMs] = await Promise.all([
    readImage(machineProc, stat),
    readUptimeMs(machineProc),
  ])
  const ageMs = uptimeMs - (stat.startTicks * 1000) / CLOCK_TICKS_PER_SECOND
  const { pid, startTicks } = stat
  return { pid, startTicks, name, argv, startedAtMs: Math.round(Date.now() - Math.max(0, ageMs)) }
}
