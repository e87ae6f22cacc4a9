import type { WatchedKernel } from './kernel.ts'
import { readPidNamespace, readStat } from './proc-files.ts'

/** How long an entry is trusted before the process behind the pid is looked at again. */
const ENTRY_LIFE_MS = 2_000

interface Entry {
  readonly pid: number
  readonly startTicks: number
  readonly ppid: number
  readonly namespace: string | null
  readonly readAtMs: number
  /** Sandboxes it was found to belong to; stays when its parent ends before it. */
  readonly roots: Set<number>
}

/**
 * All processes of a kernel, for every session together: a refresh is one listing of /proc and
 * a look at the pids that are new. Membership, once found, is kept while the process lives, so a
 * process whose parent ended is not lost.
 */
export interface ProcessTable {
  /**
   * Members of the sandbox whose first process is `rootPid`, seen at most `maxAgeMs` ago. `known`:
   * by pid, those that are members already, whatever became of their parents.
   */
  members(
    rootPid: number,
    maxAgeMs: number,
    known?: ReadonlyMap<number, { readonly startTicks: number }>,
  ): Promise<number[]>
}

export function createProcessTable(
  { proc, pids, outerPid }: Pick<WatchedKernel, 'proc' | 'pids' | 'outerPid'>,
  nowMs: () => number,
): ProcessTable {
  let entries = new Map<number, Entry>()
  let refreshedAtMs = Number.NEGATIVE_INFINITY
  let refreshing: Promise<void> | null = null
  const outerNamespace = readPidNamespace(proc, outerPid)

  const read = async (pid: number): Promise<Entry | null> => {
    const [stat, namespace] = await Promise.all([readStat(proc, pid), readPidNamespace(proc, pid)])
    if (!stat) return null
    const { startTicks, ppid } = stat
    const before = entries.get(pid)
    const roots = before?.startTicks === startTicks ? before.roots : new Set<number>()
    return { pid, startTicks, ppid, namespace, readAtMs: nowMs(), roots }
  }

  const refresh = async (): Promise<void> => {
    const startedAtMs = nowMs()
    const found = await Promise.all(
      (await pids()).map((pid) => {
        const known = entries.get(pid)
        return known && startedAtMs - known.readAtMs < ENTRY_LIFE_MS
          ? Promise.resolve(known)
          : read(pid)
      }),
    )
    entries = new Map(found.flatMap((entry) => (entry ? [[entry.pid, entry]] : [])))
    refreshedAtMs = startedAtMs
  }

  /** A refresh that began before the call may have missed what the caller wants to see. */
  const ensure = async (maxAgeMs: number): Promise<void> => {
    const wantedSinceMs = nowMs() - maxAgeMs
    while (refreshedAtMs < wantedSinceMs) {
      refreshing ??= refresh().finally(() => {
        refreshing = null
      })
      await refreshing
    }
  }

  return {
    members: async (rootPid, maxAgeMs, known) => {
      await ensure(maxAgeMs)
      const namespace = entries.get(rootPid)?.namespace ?? null
      const isOuter = namespace === null || namespace === (await outerNamespace)
      const children = childrenOf(entries.values())
      const queue = [...entries.values()].filter(
        (entry) =>
          entry.pid === rootPid ||
          entry.roots.has(rootPid) ||
          known?.get(entry.pid)?.startTicks === entry.startTicks ||
          (!isOuter && entry.namespace === namespace),
      )
      const members = new Map<number, Entry>()
      for (let entry = queue.pop(); entry; entry = queue.pop()) {
        if (members.has(entry.pid)) continue
        members.set(entry.pid, entry)
        entry.roots.add(rootPid)
        queue.push(...(children.get(entry.pid) ?? []))
      }
      return [...members.keys()].sort((a, b) => a - b)
    },
  }
}

function childrenOf(entries: Iterable<Entry>): Map<number, Entry[]> {
  const children = new Map<number, Entry[]>()
  for (const entry of entries) {
    const siblings = children.get(entry.ppid)
    if (siblings) siblings.push(entry)
    else children.set(entry.ppid, [entry])
  }
  return children
}
