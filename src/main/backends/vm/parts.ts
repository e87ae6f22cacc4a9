import { constants } from 'node:fs/promises'
import { err, ok, type Result } from '../../../shared/result.ts'
import { exists } from '../exists.ts'
import { compileSandboxFilter } from '../seccomp.ts'
import { type Accelerated, findAcceleration } from './acceleration.ts'
import {
  findGuestKernel,
  type GuestPrograms,
  type GuestSystem,
  prepareGuestSystem,
} from './guest-system.ts'

export interface VmOptions {
  /** Where what machines start with is kept between sessions. */
  readonly vmFolder: string
  /** Built programs; each may be missing. */
  readonly runnerProgram: string
  readonly guestPrograms: GuestPrograms
  /** For tests of machines that lack it. */
  readonly qemuPaths?: readonly string[]
}

/** All that a machine is made of. */
export interface VmParts {
  readonly qemu: string
  readonly kernelVersion: string
  /** What the kernel lacks for a root from an image; null: nothing. */
  readonly lacksForImages: string | null
  readonly system: GuestSystem
  readonly acceleration: Accelerated
}

export interface Lack {
  readonly part: 'QEMU' | 'a kernel' | 'Cloche’s own programs'
  readonly why: string
}

const QEMU_PATHS = ['/usr/bin/qemu-system-x86_64', '/usr/local/bin/qemu-system-x86_64']

export async function findQemu({
  qemuPaths = QEMU_PATHS,
}: Pick<VmOptions, 'qemuPaths'>): Promise<string | null> {
  for (const path of qemuPaths) if (await exists(path, constants.X_OK)) return path
  return null
}

/** Looked for anew by each call; only the trial of the processor counts until this process ends. */
export function createVmParts(options: VmOptions): () => Promise<Result<VmParts, Lack>> {
  const trials = new Map<string, Promise<Accelerated>>()
  const find = async (): Promise<Result<VmParts, Lack>> => {
    const filter = compileSandboxFilter(process.arch)
    if (process.platform !== 'linux' || process.arch !== 'x64' || !filter)
      return err({
        part: 'QEMU',
        why: `machines are started on Linux with an x86-64 processor so far, not on ${process.platform} with ${process.arch}`,
      })
    const qemu = await findQemu(options)
    if (qemu === null) return err({ part: 'QEMU', why: 'qemu-system-x86_64 is not installed' })
    for (const program of [options.runnerProgram, ...Object.values(options.guestPrograms)])
      if (!(await exists(program)))
        return err({
          part: 'Cloche’s own programs',
          why: `${program} was not built: it takes a C compiler`,
        })
    const kernel = await findGuestKernel()
    if ('why' in kernel) return err({ part: 'a kernel', why: kernel.why })
    const programs = options.guestPrograms
    const system = await prepareGuestSystem(kernel, programs, filter, options.vmFolder).catch(
      (cause: unknown) => String(cause),
    )
    if (typeof system === 'string')
      return err({ part: 'a kernel', why: `${kernel.version} could not be prepared: ${system}` })
    const trial = trials.get(system.kernel) ?? findAcceleration(qemu, system)
    trials.set(system.kernel, trial)
    const { version: kernelVersion, lacksForImages } = kernel
    return ok({ qemu, kernelVersion, lacksForImages, system, acceleration: await trial })
  }
  // One at a time: what machines start with is made once, not once for each that asks.
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const found = last.then(find, find)
    last = found
    return found
  }
}
