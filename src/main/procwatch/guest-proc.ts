import type { ProcFiles } from '../core/ports.ts'
import { describeGuestExecutable } from './executable.ts'
import type { WatchedKernel } from './kernel.ts'
import { guestCounters } from './net-counters.ts'
import { pidsAmong, socketInode } from './proc-files.ts'

const MAX_DESCRIPTORS = 64 * 1024

/** A kernel that is not this machine's: everything of it is asked for, nothing of it is a file here. */
export function createGuestKernel(proc: ProcFiles): WatchedKernel {
  return {
    proc,
    // A guest that is gone runs nothing.
    pids: async () => pidsAmong((await proc.list('/proc')) ?? []),
    outerPid: 1,
    innerPidNow: () => null,
    holding: async (pid, wanted) => {
      const links = await proc.links(`/proc/${pid}/fd`, MAX_DESCRIPTORS)
      const held = [...(links?.values() ?? [])].flatMap((link) => socketInode(link) ?? [])
      return [...new Set(held)].filter((inode) => wanted.has(inode))
    },
    // Every process of a guest is in the one network it has.
    counters: () => Promise.resolve(guestCounters(proc, 1)),
    executable: (pid, workspace) => describeGuestExecutable(proc, pid, workspace),
  }
}
