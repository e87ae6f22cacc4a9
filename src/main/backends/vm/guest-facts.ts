import { kernelFacts, type KernelFacts, NAMESPACES } from '../kernel-facts.ts'
import type { ProcFiles } from '../../core/ports.ts'

const MOST_BYTES = 256 * 1024

/**
 * What the machine's kernel says of a process. Namespaces carry the kernel's own mark in front: their
 * numbers alone begin anew in every kernel. null: it is gone, or nothing answers.
 */
export async function readGuestFacts(proc: ProcFiles, pid: number): Promise<KernelFacts | null> {
  const read = async (path: string): Promise<string | null> =>
    (await proc.read(path, MOST_BYTES))?.toString('utf8') ?? null
  const [status, devices, mountinfo, boot, ...links] = await Promise.all([
    read(`/proc/${pid}/status`),
    read(`/proc/${pid}/net/dev`),
    read(`/proc/${pid}/mountinfo`),
    read('/proc/sys/kernel/random/boot_id'),
    ...NAMESPACES.map((name) => proc.link(`/proc/${pid}/ns/${name}`)),
  ])
  if (status === null || devices === null || mountinfo === null || boot === null) return null
  const namespaces = Object.fromEntries(
    NAMESPACES.map((name, i) => [name, `${boot.trim()} ${links[i] ?? 'unread'}`]),
  )
  return kernelFacts({ status, devices, mountinfo, namespaces })
}

/** What its first thread started and still has. */
export async function guestChildren(proc: ProcFiles, pid: number): Promise<number[]> {
  const listed = await proc.read(`/proc/${pid}/task/${pid}/children`, 16 * 1024)
  return listed?.toString('latin1').trim().split(' ').filter(Boolean).map(Number) ?? []
}
