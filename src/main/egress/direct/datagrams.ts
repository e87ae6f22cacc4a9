import { type FileHandle, open } from 'node:fs/promises'
import type { Fact } from '../../../shared/domain/timeline.ts'

const LOOK_MS = 1000
const MAX_BYTES = 16 * 1024

/** Tells of datagrams that found nobody; whoever watches closes it, which looks a last time. */
export interface DatagramWatch {
  close(): Promise<void>
}

/**
 * Datagrams have no way out of a sandbox, and nothing of ours sees one: the kernel refuses each and
 * counts it. What is told grows by doubling, so that a program that never stops trying is a few
 * facts. `rootPid`: any process in the sandbox's network, alive now; it may end before this does.
 */
export function watchDatagrams(rootPid: number, report: (fact: Fact) => void): DatagramWatch {
  let first: number | null = null
  let next = 1
  const look = async (): Promise<void> => {
    const files = await opened
    const texts = await Promise.all(files.map(readAll))
    const all = refusedIn(texts.join('\n'))
    first ??= all
    const count = all - first
    if (count < next) return
    next = count * 2
    report({ type: 'net/datagrams', count })
  }
  // Held open, they can be read until the last moment, when nobody is in that network any more.
  const opened = openAll([`/proc/${rootPid}/net/snmp`, `/proc/${rootPid}/net/snmp6`])
  let latest = look()
  const timer = setInterval(() => {
    latest = latest.then(look)
  }, LOOK_MS)
  return {
    close: async () => {
      clearInterval(timer)
      await latest.then(look)
      for (const file of await opened) await file.close()
    },
  }
}

/** A table that is not there (no IPv6) counts nothing. */
async function openAll(paths: readonly string[]): Promise<FileHandle[]> {
  const files = await Promise.all(paths.map((path) => open(path).catch(() => null)))
  return files.filter((file) => file !== null)
}

async function readAll(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file
    .read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0)
    .catch(() => ({ buffer: Buffer.alloc(0), bytesRead: 0 }))
  return buffer.toString('latin1', 0, bytesRead)
}

/** Datagrams for which nobody listened, in the words of /proc/net/snmp and snmp6. */
export function refusedIn(tables: string): number {
  const lines = tables.split('\n').map((line) => line.trim().split(/\s+/))
  let count = 0
  for (const [i, words] of lines.entries()) {
    const [name = '', ...rest] = words
    if (/^Udp(Lite)?6NoPorts$/.test(name)) count += Number(rest[0])
    // Names and numbers are two lines that begin alike.
    if (!/^Udp(Lite)?:$/.test(name) || lines[i + 1]?.[0] !== name) continue
    const at = words.indexOf('NoPorts')
    if (at > 0) count += Number(lines[i + 1]?.[at] ?? 0)
  }
  return count
}
