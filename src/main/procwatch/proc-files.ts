import { constants } from 'node:os'
import type { ExitStatus } from '../../shared/domain/process.ts'
import type { ProcFiles } from '../core/ports.ts'
import { hasEnded, splitStat, startTicksOf } from '../core/proc-stat.ts'

/** USER_HZ: fixed by the kernel's interface at 100 on every architecture this runs on. */
export const CLOCK_TICKS_PER_SECOND = 100
const PAGE_BYTES = 4096

// Argument lists are agent-controlled text of any length.
const MAX_ARGUMENTS = 64
const MAX_ARGUMENT_BYTES = 4096

/** What /proc/PID/stat says. */
export interface ProcStat {
  readonly pid: number
  /** The kernel's name, at most 15 bytes; agent-controlled text. */
  readonly comm: string
  readonly state: string
  readonly ppid: number
  readonly startTicks: number
  readonly cpuTicks: number
  readonly rssBytes: number
  /** Changes when another program is executed; all zero where the kernel hides addresses. */
  readonly image: string
  /** Only for a process that has ended and is not reaped yet. */
  readonly exit: ExitStatus | null
}

/** null when the text is no stat line. */
export function parseStat(text: string): ProcStat | null {
  const line = splitStat(text)
  if (!line) return null
  const { pid, comm, state, field } = line
  const value = (number: number): number => Number(field(number))
  const numbers = [pid, value(4), value(14), value(15), value(22), value(24)]
  if (line.count < 24 || numbers.some((item) => !Number.isFinite(item))) return null
  return {
    pid,
    comm,
    state,
    ppid: value(4),
    startTicks: startTicksOf(line),
    cpuTicks: value(14) + value(15),
    rssBytes: Math.max(0, value(24)) * PAGE_BYTES,
    // Where code, stack and arguments lie: chosen anew by every exec.
    image: [comm, field(26), field(28), field(48)].join(' '),
    // The first thread may end before the others; the process has ended when it is the last.
    exit: hasEnded(line) && value(20) <= 1 ? waitStatus(value(52)) : null,
  }
}

const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number as number, name]),
)

/** A status as wait(2) encodes it. */
export function waitStatus(status: number): ExitStatus {
  const signal = status & 0x7f
  if (signal === 0) return { kind: 'exited', code: (status >> 8) & 0xff }
  return { kind: 'signalled', signal: SIGNAL_NAMES.get(signal) ?? `signal ${signal}` }
}

/** NUL-separated arguments, capped; invalid UTF-8 becomes U+FFFD. */
export function parseCmdline(bytes: Buffer): string[] {
  if (bytes.length === 0) return []
  const capped = bytes.subarray(0, MAX_ARGUMENT_BYTES)
  const isWhole = capped.length === bytes.length
  const args = capped.toString('utf8').split('\0')
  if (isWhole && args.at(-1) === '') args.pop()
  const isCut = !isWhole || args.length > MAX_ARGUMENTS
  return isCut ? [...args.slice(0, MAX_ARGUMENTS - 1), '…'] : args
}

/** Innermost pid of the `NSpid` line; null when the process has no pid namespace of its own. */
export function parseInnerPid(status: string): number | null {
  const pids = /^NSpid:\s*(.+)$/m.exec(status)?.[1]?.trim().split(/\s+/) ?? []
  return pids.length > 1 ? Number(pids.at(-1)) : null
}

export async function readStat(proc: ProcFiles, pid: number): Promise<ProcStat | null> {
  const bytes = await proc.read(`/proc/${pid}/stat`, 1024)
  return bytes && parseStat(bytes.toString('utf8'))
}

/** Pids of what the first thread of a process started and still has. */
export async function readChildren(proc: ProcFiles, pid: number): Promise<number[]> {
  const bytes = await proc.read(`/proc/${pid}/task/${pid}/children`, 16 * 1024)
  return bytes?.toString('latin1').trim().split(' ').filter(Boolean).map(Number) ?? []
}

/** What an exec replaces. */
export interface ProcImage {
  readonly name: string
  readonly argv: string[]
  readonly exe: string | null
}

export async function readImage(
  proc: ProcFiles,
  stat: Pick<ProcStat, 'pid' | 'comm'>,
): Promise<ProcImage> {
  const [cmdline, exe] = await Promise.all([
    // One byte more than is kept shows that there was more.
    proc.read(`/proc/${stat.pid}/cmdline`, MAX_ARGUMENT_BYTES + 1),
    proc.link(`/proc/${stat.pid}/exe`),
  ])
  const argv = parseCmdline(cmdline ?? Buffer.alloc(0))
  return { argv, exe, name: argv[0]?.split('/').at(-1) || stat.comm }
}

export const readCwd = (proc: ProcFiles, pid: number): Promise<string | null> =>
  proc.link(`/proc/${pid}/cwd`)

export async function readInnerPid(proc: ProcFiles, pid: number): Promise<number | null> {
  const bytes = await proc.read(`/proc/${pid}/status`, 8192)
  return bytes && parseInnerPid(bytes.toString('utf8'))
}

/** Identity of the pid namespace, such as `pid:[4026531836]`; null when it is hidden from us. */
export const readPidNamespace = (proc: ProcFiles, pid: number): Promise<string | null> =>
  proc.link(`/proc/${pid}/ns/pid`)

/** Milliseconds since the kernel started, as process start times are counted. */
export async function readUptimeMs(proc: ProcFiles): Promise<number> {
  const bytes = await proc.read('/proc/uptime', 128)
  return Number(bytes?.toString('latin1').split(' ')[0] ?? 0) * 1000
}

/** The names that are numbers. */
export const pidsAmong = (names: readonly string[]): number[] =>
  names.filter((name) => /^\d+$/.test(name)).map(Number)

const SOCKET = /^socket:\[(\d+)\]$/

/** Inode of the socket that a descriptor's link leads to; undefined: it is no socket. */
export const socketInode = (link: string): string | undefined => SOCKET.exec(link)?.[1]
