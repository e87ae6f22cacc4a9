import { constants } from 'node:fs/promises'
import { err, ok, type Result } from '../../../shared/result.ts'
import { exists } from '../exists.ts'
import { compileSandboxFilter } from '../seccomp.ts'
import { type Accelerated, findAcceleration } from './acceleration.ts'
import {
  findGuestKernel,
  type GuestPrograms,
  type GuestSource,
  type GuestSystem,
  prepareGuestSystem,
} from './guest-system.ts'
import type { MadeParts } from './made-parts.ts'
import { PROCESSORS, processorOf } from './processors.ts'
import type { Computer } from './qemu-args.ts'

export interface VmOptions {
  /** Where what machines start with is kept between sessions. */
  readonly vmFolder: string
  /** Built programs; each may be missing. */
  readonly runnerProgram: string
  readonly guestPrograms: GuestPrograms
  /** Built `probe` program. It may be missing: a shell does the same, only slower. */
  readonly probeProgram: string
  /** In the place of this computer's own kernel and programs, where it is no Linux. */
  readonly madeParts: Pick<MadeParts, 'find'>
  /** For tests: as on another one than this is. */
  readonly computer?: Computer
  /** For tests of machines that lack it. */
  readonly qemuPaths?: readonly string[]
}

/** All that a machine is made of. */
export interface VmParts {
  readonly computer: Computer
  readonly qemu: string
  readonly kernelVersion: string
  /** What the kernel lacks for a root from an image; null: nothing. */
  readonly lacksForImages: string | null
  /** A root that is this computer's own is tried by native/probe.c. */
  readonly hasProbe: boolean
  readonly system: GuestSystem
  readonly acceleration: Accelerated
}

export interface Lack {
  readonly part: 'this computer' | 'QEMU' | 'a kernel' | 'Cloche’s own programs'
  readonly why: string
}

/** null: no machine can be made here, whatever is installed. */
export function thisComputer(): Computer | null {
  const { platform } = process
  const processor = processorOf(process.arch)
  if (processor === null || (platform !== 'linux' && platform !== 'darwin')) return null
  return { system: platform, processor }
}

/** Homebrew has a place of its own for each processor. */
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']

export async function findQemu(
  { processor }: Computer,
  { qemuPaths }: Pick<VmOptions, 'qemuPaths'>,
): Promise<string | null> {
  const { program } = PROCESSORS[processor]
  for (const path of qemuPaths ?? FOLDERS.map((folder) => `${folder}/${program}`))
    if (await exists(path, constants.X_OK)) return path
  return null
}

/** Looked for anew by each call; only the trial of the processor counts until this process ends. */
export function createVmParts(options: VmOptions): () => Promise<Result<VmParts, Lack>> {
  const trials = new Map<string, Promise<Accelerated>>()
  const find = async (): Promise<Result<VmParts, Lack>> => {
    const computer = options.computer ?? thisComputer()
    const filter = computer && compileSandboxFilter(computer.processor)
    if (!computer || !filter)
      return err({
        part: 'this computer',
        why: `machines are started on Linux and macOS with x86-64 or 64-bit ARM processors, not on ${process.platform} with ${process.arch}`,
      })
    const qemu = await findQemu(computer, options)
    if (qemu === null)
      return err({
        part: 'QEMU',
        why: `${PROCESSORS[computer.processor].program} is not installed`,
      })
    const source = await findSource(computer, options)
    if (!source.ok) return source
    const { kernel, probe } = source.value
    const system = await prepareGuestSystem(source.value, filter, options.vmFolder).catch(
      (cause: unknown) => String(cause),
    )
    if (typeof system === 'string')
      return err({ part: 'a kernel', why: `${kernel.version} could not be prepared: ${system}` })
    const trial = trials.get(system.kernel) ?? findAcceleration(qemu, computer, system)
    trials.set(system.kernel, trial)
    const { version: kernelVersion, lacksForImages } = kernel
    return ok({
      ...{ computer, qemu, kernelVersion, lacksForImages, system, hasProbe: probe !== null },
      acceleration: await trial,
    })
  }
  // One at a time: what machines start with is made once, not once for each that asks.
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const found = last.then(find, find)
    last = found
    return found
  }
}

/** This computer's own where it is a Linux, and else what an engine made. */
async function findSource(
  { system }: Computer,
  { runnerProgram, guestPrograms, probeProgram, madeParts }: VmOptions,
): Promise<Result<GuestSource, Lack>> {
  const isLinux = system === 'linux'
  const needed = [runnerProgram, ...(isLinux ? Object.values(guestPrograms) : [])]
  for (const program of needed)
    if (!(await exists(program)))
      return err({
        part: 'Cloche’s own programs',
        why: `${program} was not built: it takes a C compiler`,
      })
  if (isLinux) {
    const kernel = await findGuestKernel()
    if ('why' in kernel) return err({ part: 'a kernel', why: kernel.why })
    const probe = (await exists(probeProgram)) ? probeProgram : null
    return ok({ kernel, programs: guestPrograms, probe })
  }
  const made = await madeParts.find()
  return 'why' in made ? err({ part: 'a kernel', why: made.why }) : ok(made)
}
