// The peer of a machine's folders: the same QEMU, kernel and processor, with nothing around it, and 9p as
// virtme-ng mounts it.
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { guestProgramsIn } from '../src/main/backends/vm/guest-system.ts'
import { createVmParts } from '../src/main/backends/vm/parts.ts'

interface Place {
  /** Folder of the built entries. */
  readonly entries: string
  /** The bench's own. */
  readonly root: string
  readonly workspace: string
  /** The project's folder. */
  readonly sources: string
}

/** Runs `script` of the workspace in a machine of its own, to its end. Rejects when there is none. */
export async function createVirtme(place: Place): Promise<() => void> {
  const { entries, root, workspace, sources } = place
  const native = join(entries, '../native')
  const init = join(root, 'virtme-init')
  const source = join(sources, 'bench/virtme-init.c')
  execFileSync('gcc', ['-O2', '-static', `-DWORKSPACE="${workspace}"`, source, '-o', init])
  const parts = await createVmParts({
    vmFolder: join(root, 'virtme'),
    runnerProgram: join(native, 'vm-runner'),
    guestPrograms: { ...guestProgramsIn(native), init },
    probeProgram: join(native, 'probe'),
    madeParts: { find: () => Promise.resolve({ why: 'the bench makes none' }) },
  })()
  if (!parts.ok) throw new Error(parts.error.why)
  const { qemu, system, acceleration } = parts.value
  const share = (tag: string, path: string, more: string): string[] => [
    ...['-fsdev', `local,id=${tag},path=${path},security_model=none,multidevs=remap${more}`],
    ...['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ]
  const isKvm = acceleration.by === 'kvm'
  const args = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-machine', 'q35', '-accel', isKvm ? 'kvm' : 'tcg,thread=multi'],
    ...['-cpu', isKvm ? 'host' : 'max', '-smp', String(availableParallelism()), '-m', '1G'],
    ...['-kernel', system.kernel, '-initrd', system.initramfs, '-serial', 'stdio'],
    ...['-append', 'quiet panic=-1 console=ttyS0 mitigations=off', '-device', 'virtio-serial-pci'],
    ...share('root', '/', ',readonly=on'),
    ...share('work', workspace, ''),
  ]
  return () => void execFileSync(qemu, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}
