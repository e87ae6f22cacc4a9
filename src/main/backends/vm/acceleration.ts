import { access, constants } from 'node:fs/promises'
import { run } from '../spawn.ts'
import type { GuestSystem } from './guest-system.ts'
import type { Acceleration } from './processors.ts'
import { type Computer, trialArgs } from './qemu-args.ts'

export const KVM_DEVICE = '/dev/kvm'
const TRIAL_MS = 8000
/** What a kernel says that ran as far as it was meant to: it has no first program. */
const RAN = 'Kernel panic'

/** `why`: in words, why the processor is emulated; null: it is not. */
export interface Accelerated {
  readonly by: Acceleration
  readonly why: string | null
}

/** What lets a machine run by itself, as people call it. */
export const ACCELERATION_WORDS = { linux: 'KVM', darwin: 'HVF' } as const

/**
 * Whether this machine's processor can run a machine by itself. A device that opens says little: a
 * kernel is started, and has to be heard. On macOS: built, not run.
 */
export async function findAcceleration(
  qemu: string,
  computer: Computer,
  system: GuestSystem,
): Promise<Accelerated> {
  const refusal = computer.system === 'linux' ? await refusedDevice() : null
  if (refusal !== null) return { by: 'tcg', why: refusal }
  const by = computer.system === 'linux' ? 'kvm' : 'hvf'
  const trial = await run(qemu, trialArgs(computer, by, system), { timeoutMs: TRIAL_MS })
  if (trial.stdout.includes(RAN)) return { by, why: null }
  const words = trial.stderr
    .trim()
    .split('\n')[0]
    ?.replace(/^qemu-system-\w+: /, '')
  const means = ACCELERATION_WORDS[computer.system]
  return {
    by: 'tcg',
    why: `a kernel started with ${means} did not run: ${words || 'it stood still'}`,
  }
}

/** null: there is one, and it opens. */
const refusedDevice = (): Promise<string | null> =>
  access(KVM_DEVICE, constants.R_OK | constants.W_OK).then(
    () => null,
    (cause: NodeJS.ErrnoException) =>
      cause.code === 'ENOENT' ? `there is no ${KVM_DEVICE}` : `${KVM_DEVICE} refuses this user`,
  )
