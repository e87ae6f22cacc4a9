import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { open, readdir, readFile, readlink } from 'node:fs/promises'
import type { ProcFiles } from '../core/ports.ts'
import { describeExecutable } from './executable.ts'
import type { WatchedKernel } from './kernel.ts'
import { openCounters } from './net-counters.ts'
import { parseInnerPid, pidsAmong, socketInode } from './proc-files.ts'

/** More than this is a table, which the kernel gives a page at a time. */
const AT_ONCE_BYTES = 256 * 1024
const MAX_DESCRIPTORS = 4096
const MOST_HINTS = 4096

/** This machine's /proc. */
export const machineProc: ProcFiles = {
  read: (path, limit) =>
    limit > AT_ONCE_BYTES
      ? readFile(path).then(
          (bytes) => bytes.subarray(0, limit),
          () => null,
        )
      : readOnce(path, limit),
  link: (path) => readlink(path).catch(() => null),
  list: (path) => readdir(path).catch(() => null),
  links: async (path, limit) => {
    const names = await readdir(path).catch(() => null)
    if (!names) return null
    const links = new Map<string, string>()
    for (const name of names.slice(0, limit)) {
      const target = await readlink(`${path}/${name}`).catch(() => null)
      if (target !== null) links.set(name, target)
    }
    return links
  },
}

/** One read: what it gives is of one moment. */
async function readOnce(path: string, limit: number): Promise<Buffer | null> {
  try {
    const file = await open(path)
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(limit), 0, limit, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch {
    return null
  }
}

/** The kernel this program runs on, which can be read without asking anybody. */
export function createMachineKernel(): WatchedKernel {
  return {
    proc: machineProc,
    pids: async () => pidsAmong(await readdir('/proc')),
    outerPid: process.pid,
    innerPidNow: (pid) => {
      try {
        return parseInnerPid(readFileSync(`/proc/${pid}/status`, 'utf8'))
      } catch {
        return null
      }
    },
    holding: createHolding(),
    counters: openCounters,
    executable: describeExecutable,
  }
}

/**
 * Read at once, which is far cheaper than in turns. A program that opens many connections has the
 * next one where the kernel puts it, right behind the last (`hints`, by pid); otherwise its newest
 * descriptors are looked at first.
 */
function createHolding(): WatchedKernel['holding'] {
  const hints = new Map<number, number>()

  const hint = (pid: number, fd: number): void => {
    const [oldest] = hints.keys()
    if (oldest !== undefined && hints.size === MOST_HINTS && !hints.has(pid)) hints.delete(oldest)
    hints.set(pid, fd)
  }

  return (pid, wanted) => {
    const held: string[] = []
    const look = (fd: number): void => {
      const inode = socketInode(linkNow(`/proc/${pid}/fd/${fd}`))
      if (inode === undefined || !wanted.has(inode) || held.includes(inode)) return
      held.push(inode)
      hint(pid, fd)
    }
    const last = hints.get(pid)
    if (last !== undefined) for (const fd of [last + 1, last, last + 2]) look(fd)
    if (held.length === wanted.size) return Promise.resolve(held)
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`).slice(-MAX_DESCRIPTORS).reverse()) {
        look(Number(fd))
        if (held.length === wanted.size) break
      }
    } catch {
      // It is gone, or not ours to read.
    }
    return Promise.resolve(held)
  }
}

function linkNow(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
