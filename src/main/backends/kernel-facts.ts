import { readdir, readFile, readlink } from 'node:fs/promises'
import { hasEnded, splitStat, startTicksOf } from '../core/proc-stat.ts'

/** What the kernel says of a process, read from outside. */
export interface KernelFacts {
  readonly noNewPrivs: string
  readonly seccomp: string
  /** Effective, permitted, bounding and ambient capabilities, as hexadecimal masks. */
  readonly capabilities: readonly string[]
  readonly namespaces: Readonly<Record<string, string>>
  readonly interfaces: readonly string[]
  /** In the order they were made: a later one covers an earlier one at the same path. */
  readonly mounts: readonly MountPoint[]
}

export const NAMESPACES = ['user', 'pid', 'net', 'mnt', 'ipc', 'uts'] as const

/** null: the process is gone or may not be looked at. */
export async function readKernelFacts(pid: number | 'self'): Promise<KernelFacts | null> {
  const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8')
  try {
    const link = async (name: string) => [name, await readlink(`/proc/${pid}/ns/${name}`)] as const
    // All in one wait: one that failed while another was waited for would be nobody's.
    const [status, devices, mountinfo, links] = await Promise.all([
      read('status'),
      read('net/dev'),
      read('mountinfo'),
      Promise.all(NAMESPACES.map(link)),
    ])
    return kernelFacts({ status, devices, mountinfo, namespaces: Object.fromEntries(links) })
  } catch {
    return null
  }
}

/** Of this process; where this computer's kernel is no Linux, nothing of it can be a machine's. */
export const ownKernelFacts = (): Promise<KernelFacts | null> =>
  process.platform === 'linux' ? readKernelFacts('self') : Promise.resolve(NO_LINUX)

const NO_LINUX: KernelFacts = {
  ...{ noNewPrivs: '0', seccomp: '0', capabilities: [] },
  ...{ namespaces: {}, interfaces: [], mounts: [] },
}

/** Pure: from the texts of a process's files in /proc, this machine's or another kernel's. */
export function kernelFacts(texts: {
  readonly status: string
  readonly namespaces: Readonly<Record<string, string>>
  readonly devices: string
  readonly mountinfo: string
}): KernelFacts {
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(texts.status)?.[1] ?? 'absent'
  return {
    noNewPrivs: field('NoNewPrivs'),
    seccomp: field('Seccomp'),
    capabilities: ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb'].map(field),
    namespaces: texts.namespaces,
    interfaces: interfacesOf(texts.devices),
    mounts: mountPointsOf(texts.mountinfo),
  }
}

/** Below two lines of headings: `  lo:  1296  ...`. */
const interfacesOf = (devices: string): string[] =>
  devices
    .split('\n')
    .slice(2)
    .map((line) => line.split(':')[0]!.trim())
    .filter((name) => name !== '')

/** A mount as a process sees it. */
export interface MountPoint {
  readonly path: string
  readonly isWritable: boolean
}

/** Each line: id, parent, device, root, mount point, options, …; blanks in paths are octal. */
export function mountPointsOf(mountinfo: string): MountPoint[] {
  const found: MountPoint[] = []
  for (const line of mountinfo.split('\n')) {
    const [, , , , point, options] = line.split(' ')
    if (point === undefined || options === undefined) continue
    const path = point.replaceAll(/\\([0-7]{3})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    )
    found.push({ path, isWritable: options.split(',').includes('rw') })
  }
  return found
}

/**
 * Field 22 of /proc/PID/stat, in clock ticks since boot. null: no such process, or one that has
 * ended and only waits to be reaped, which can take whoever inherits it a while.
 */
export async function startTicks(pid: number): Promise<number | null> {
  try {
    const line = splitStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
    return line && !hasEnded(line) ? startTicksOf(line) : null
  } catch {
    return null
  }
}

/** Host pids of a process's direct children. */
export async function childrenOf(pid: number): Promise<number[]> {
  try {
    const listed = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return listed.split(' ').filter(Boolean).map(Number)
  } catch {
    return childrenByScan(pid)
  }
}

/** It and all below it, as far as they have not ended. */
export async function familyOf(pid: number): Promise<number[]> {
  if ((await startTicks(pid)) === null) return []
  const below = await Promise.all((await childrenOf(pid)).map(familyOf))
  return [pid, ...below.flat()]
}

/** For kernels without the `children` file. */
async function childrenByScan(parent: number): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    if (splitStat(stat)?.field(4) === String(parent)) found.push(Number(name))
  }
  return found
}
