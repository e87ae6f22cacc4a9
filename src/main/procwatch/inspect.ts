import { readdir, readFile, readlink } from 'node:fs/promises'
import type { ProcessInspection } from '../../shared/domain/process-details.ts'
import type { ProcessInspector, ProcessRef } from '../core/ports.ts'
import { describeExecutable } from './executable.ts'
import { connectionsOf } from './net-tables.ts'
import { CLOCK_TICKS_PER_SECOND, readCwd, readImage, readProc, readStat } from './proc-files.ts'

const MAX_NAMES = 512
const MAX_NAME_LENGTH = 256
const ENVIRONMENT_BYTES = 256 * 1024
const MAX_DESCRIPTORS = 4096
const MAX_LISTED = 200
/** Files that are no one's work: terminals, /dev/null, the kernel's own. */
const NO_FILES = /^\/(dev|proc|sys)\//

/** Looks at one process through /proc. Everything it reads may be gone with the next call. */
export function createProcessInspector(): ProcessInspector {
  return {
    inspect: async (process, workspace) => {
      const [stat, status] = await Promise.all([statOf(process), readStatus(process.pid)])
      if (!stat || !status) return null
      const { pid } = process
      const [image, cwd, executable, environment, io, descriptors] = await Promise.all([
        readImage(stat),
        readCwd(pid),
        describeExecutable(pid, workspace),
        readEnvironmentNames(pid),
        readIo(pid),
        readDescriptors(pid),
      ])
      const connections = await connectionsOf(pid, descriptors?.sockets ?? new Set())
      // Only now is it sure that all of it was of this process and not of a later one.
      if (!(await statOf(process))) return null
      const writing = [...new Set(descriptors?.writing)].sort()
      return {
        argv: image.argv,
        cwd,
        executable,
        environmentNames: environment?.names ?? null,
        uid: status.uid,
        threads: status.threads,
        state: stat.state,
        cpuMs: (stat.cpuTicks * 1000) / CLOCK_TICKS_PER_SECOND,
        rssBytes: stat.rssBytes,
        io,
        connections: connections.slice(0, MAX_LISTED),
        writing: writing.slice(0, MAX_LISTED),
        isOpen: descriptors !== null,
        isCut:
          environment?.isCut === true ||
          descriptors?.isCut === true ||
          connections.length > MAX_LISTED ||
          writing.length > MAX_LISTED,
      } satisfies ProcessInspection
    },
  }
}

async function statOf({ pid, startTicks }: ProcessRef) {
  const stat = await readStat(pid)
  return stat && stat.startTicks === startTicks && stat.exit === null ? stat : null
}

async function readStatus(pid: number): Promise<{ uid: number; threads: number } | null> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null)
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text ?? '')?.[1])
  return text === null ? null : { uid: field('Uid'), threads: field('Threads') }
}

/** Names of a NUL-separated environment; what stands after the first `=` is never kept. */
export function environmentNames(bytes: Buffer): { names: string[]; isCut: boolean } {
  const isWhole = bytes.length < ENVIRONMENT_BYTES
  const entries = bytes.toString('utf8').split('\0')
  // The last one of a cut text may be the middle of a value.
  if (!isWhole) entries.pop()
  const names = entries.flatMap((entry) => {
    const end = entry.indexOf('=')
    return end > 0 ? [entry.slice(0, Math.min(end, MAX_NAME_LENGTH))] : []
  })
  return {
    names: [...new Set(names)].sort().slice(0, MAX_NAMES),
    isCut: !isWhole || names.length > MAX_NAMES,
  }
}

async function readEnvironmentNames(pid: number) {
  const bytes = await readProc(`/proc/${pid}/environ`, ENVIRONMENT_BYTES)
  return bytes && environmentNames(bytes)
}

async function readIo(pid: number): Promise<ProcessInspection['io']> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => null)
  if (text === null) return null
  const field = (name: string): number =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  return { readBytes: field('rchar'), writtenBytes: field('wchar') }
}

interface Descriptors {
  /** Inodes. */
  readonly sockets: ReadonlySet<string>
  readonly writing: readonly string[]
  readonly isCut: boolean
}

async function readDescriptors(pid: number): Promise<Descriptors | null> {
  const all = await readdir(`/proc/${pid}/fd`).catch(() => null)
  if (!all) return null
  const sockets = new Set<string>()
  const writing: string[] = []
  for (const fd of all.slice(0, MAX_DESCRIPTORS)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode) sockets.add(inode)
    else if (target.startsWith('/') && !NO_FILES.test(target) && (await isWritten(pid, fd)))
      writing.push(target)
  }
  return { sockets, writing, isCut: all.length > MAX_DESCRIPTORS }
}

/** The low two bits of `flags` are how it was opened: 0 is reading only. */
async function isWritten(pid: number, fd: string): Promise<boolean> {
  const info = await readFile(`/proc/${pid}/fdinfo/${fd}`, 'latin1').catch(() => '')
  const flags = /^flags:\s*([0-7]+)$/m.exec(info)?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0
}
