import { type FileHandle, open } from 'node:fs/promises'
import type { NetCounters, ProcFiles } from '../core/ports.ts'

const MAX_BYTES = 16 * 1024
const tablesOf = (pid: number): string[] =>
  ['snmp', 'snmp6'].map((name) => `/proc/${pid}/net/${name}`)

/** Held open, they can be read until the last moment, when nobody is in that network any more. */
export async function openCounters(pid: number): Promise<NetCounters> {
  // A table that is not there (no IPv6) counts nothing.
  const opened = await Promise.all(tablesOf(pid).map((path) => open(path).catch(() => null)))
  const files = opened.filter((file) => file !== null)
  return {
    read: async () => (await Promise.all(files.map(readAll))).join('\n'),
    close: async () => {
      for (const file of files) await file.close()
    },
  }
}

async function readAll(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file
    .read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0)
    .catch(() => ({ buffer: Buffer.alloc(0), bytesRead: 0 }))
  return buffer.toString('latin1', 0, bytesRead)
}

/** A guest's last process takes its network along; what was read last stays true. */
export function guestCounters(proc: ProcFiles, pid: number): NetCounters {
  let last = ''
  return {
    read: async () => {
      const texts = await Promise.all(tablesOf(pid).map((path) => proc.read(path, MAX_BYTES)))
      if (texts[0]) last = texts.map((text) => text?.toString('latin1') ?? '').join('\n')
      return last
    },
    close: () => Promise.resolve(),
  }
}
