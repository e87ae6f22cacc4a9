import type { ProcessInspection } from '../../shared/domain/process-details.ts'
import type { ProcessInspector, ProcessRef, ProcFiles } from '../core/ports.ts'
import type { WatchedKernel } from './kernel.ts'
import { connectionsOf } from './net-tables.ts'
import { CLOCK_TICKS_PER_SECOND, readCwd, readImage, readStat, socketInode } from './proc-files.ts'

const MAX_NAMES = 512
const MAX_NAME_LENGTH = 256
const ENVIRONMENT_BYTES = 256 * 1024
const STATUS_BYTES = 8192
const MAX_DESCRIPTORS = 4096
const MAX_LISTED = 200
/** Files that are no one's work: terminals, /dev/null, the kernel's own. */
const NO_FILES = /^\/(dev|proc|sys)\//

/** Looks at one process through /proc. Everything it reads may be gone with the next call. */
export function createProcessInspector({ proc, executable }: WatchedKernel): ProcessInspector {
  return {
    inspect: async (process, workspace) => {
      const [stat, status] = await Promise.all([
        statOf(proc, process),
        readStatus(proc, process.pid),
      ])
      if (!stat || !status) return null
      const { pid } = process
      const [image, cwd, program, environment, io, descriptors] = await Promise.all([
        readImage(proc, stat),
        readCwd(proc, pid),
        executable(pid, workspace),
        readEnvironmentNames(proc, pid),
        readIo(proc, pid),
        readDescriptors(proc, pid),
      ])
      const connections = await connectionsOf(proc, pid, descriptors?.sockets ?? new Set())
      // Only now is it sure that all of it was of this process and not of a later one.
      if (!(await statOf(proc, process))) return null
      const writing = [...new Set(descriptors?.writing)].sort()
      return {
        argv: image.argv,
        cwd,
        executable: program,
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

async function statOf(proc: ProcFiles, { pid, startTicks }: ProcessRef) {
  const stat = await readStat(proc, pid)
  return stat && stat.startTicks === startTicks && stat.exit === null ? stat : null
}

async function readText(proc: ProcFiles, path: string): Promise<string | null> {
  const bytes = await proc.read(path, STATUS_BYTES)
  return bytes && bytes.toString('utf8')
}

async function readStatus(
  proc: ProcFiles,
  pid: number,
): Promise<{ uid: number; threads: number } | null> {
  const text = await readText(proc, `/proc/${pid}/status`)
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

async function readEnvironmentNames(proc: ProcFiles, pid: number) {
  const bytes = await proc.read(`/proc/${pid}/environ`, ENVIRONMENT_BYTES)
  return bytes && environmentNames(bytes)
}

async function readIo(proc: ProcFiles, pid: number): Promise<ProcessInspection['io']> {
  const text = await readText(proc, `/proc/${pid}/io`)
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

async function readDescriptors(proc: ProcFiles, pid: number): Promise<Descriptors | null> {
  // One more than is kept shows that there were more.
  const links = await proc.links(`/proc/${pid}/fd`, MAX_DESCRIPTORS + 1)
  if (!links) return null
  const sockets = new Set<string>()
  const writing: string[] = []
  for (const [fd, target] of [...links].slice(0, MAX_DESCRIPTORS)) {
    const inode = socketInode(target)
    if (inode) sockets.add(inode)
    else if (target.startsWith('/') && !NO_FILES.test(target) && (await isWritten(proc, pid, fd)))
      writing.push(target)
  }
  return { sockets, writing, isCut: links.size > MAX_DESCRIPTORS }
}

/** The low two bits of `flags` are how it was opened: 0 is reading only. */
async function isWritten(proc: ProcFiles, pid: number, fd: string): Promise<boolean> {
  const info = await readText(proc, `/proc/${pid}/fdinfo/${fd}`)
  const flags = /^flags:\s*([0-7]+)$/m.exec(info ?? '')?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0
}
