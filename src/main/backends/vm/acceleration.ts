import { access, constants } from 'node:fs/promises'
import { run } from '../spawn.ts'
import type { GuestSystem } from './guest-system.ts'
import type { Acceleration } from './qemu-args.ts'

export const KVM_DEVICE = '/dev/kvm'
const TRIAL_MS = 8000
/** What a kernel says that ran as far as it was meant to: it has no first program. */
const RAN = 'Kernel panic'

/** `why`: in words, why the processor is emulated; null: it is not. */
export interface Accelerated {
  readonly by: Acceleration
  readonly why: string | null
}

/**
 * Whether this machine's processor can run a machine by itself. A device that opens says little: a
 * kernel is started, and has to be heard.
 */
export async function findAcceleration(qemu: string, system: GuestSystem): Promise<Accelerated> {
  const opened = await access(KVM_DEVICE, constants.R_OK | constants.W_OK).then(
    () => null,
    (cause: NodeJS.ErrnoException) =>
      cause.code === 'ENOENT' ? `there is no ${KVM_DEVICE}` : `${KVM_DEVICE} refuses this user`,
  )
  if (opened !== null) return { by: 'tcg', why: opened }
  const args = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-machine', 'q35,accel=kvm', '-cpu', 'host', '-m', '256M', '-serial', 'stdio'],
    ...['-kernel', system.kernel, '-initrd', system.initramfs],
    ...['-append', 'panic=-1 console=ttyS0 rdinit=/none'],
  ]
  const trial = await run(qemu, args, { timeoutMs: TRIAL_MS })
  if (trial.stdout.includes(RAN)) return { by: 'kvm', why: null }
  const words = trial.stderr
    .trim()
    .split('\n')[0]
    ?.replace(/^qemu-system-\w+: /, '')
  return {
    by: 'tcg',
    why: `a kernel started with ${KVM_DEVICE} did not run: ${words || 'it stood still'}`,
  }
}
