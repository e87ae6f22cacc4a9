import { NO_SNAPSHOTS } from '../../../shared/domain/isolation.ts'
import type { Diagnosis, Remedy } from '../../../shared/domain/sandbox.ts'
import { run } from '../spawn.ts'
import { findDiskTool, INSTALL_DISK_TOOL } from './disk-tool.ts'
import { findQemu, type Lack, type VmOptions, type VmParts } from './parts.ts'
import type { Result } from '../../../shared/result.ts'

const REMEDIES: Readonly<Record<Lack['part'], Remedy>> = {
  QEMU: {
    say: 'Install QEMU from your distribution.',
    command: 'sudo apt install --no-install-recommends qemu-system-x86',
  },
  'a kernel': {
    say: 'Install your distribution’s ordinary kernel (not its cloud kernel, which cannot share folders), and let yourself read its image.',
    command: 'sudo apt install linux-image-amd64 && sudo chmod a+r /boot/vmlinuz-*',
  },
  'Cloche’s own programs': {
    say: 'Install a C compiler and start Cloche again.',
    command: 'sudo apt install gcc libc6-dev',
  },
}

/** Whether sessions can run in machines of their own here, and what they would run on. */
export async function diagnoseVm(
  options: VmOptions,
  found: Result<VmParts, Lack>,
  around: Diagnosis,
): Promise<Diagnosis> {
  const qemu = await findQemu(options)
  const version = qemu === null ? null : await run(qemu, ['--version'], { timeoutMs: 5000 })
  const images = await diagnoseImages(found)
  const facts = [
    { name: 'QEMU', value: version?.stdout.split('\n')[0]?.trim() || 'not installed' },
    ...(found.ok
      ? [
          { name: 'Kernel of machines', value: found.value.kernelVersion },
          { name: 'Processor', value: processorWords(found.value) },
        ]
      : []),
    { name: 'OS sandbox around each machine', value: around.status },
    { name: 'Systems from images', value: images.words },
    { name: 'Snapshots', value: NO_SNAPSHOTS },
  ]
  const base = { id: 'vm', title: 'Virtual machines (QEMU)', level: 'vm', facts } as const
  if (!found.ok) {
    const status =
      process.platform === 'linux' && process.arch === 'x64' ? 'missing' : 'unsupported'
    const remedies = status === 'missing' ? [REMEDIES[found.error.part]] : []
    return { ...base, status, summary: `No machine can be started: ${found.error.why}.`, remedies }
  }
  if (around.status !== 'usable')
    return {
      ...base,
      status: 'blocked',
      summary: 'Each machine runs inside an OS sandbox, which this machine does not allow yet.',
      remedies: around.remedies,
    }
  const isFast = found.value.acceleration.by === 'kvm'
  return {
    ...base,
    status: 'usable',
    summary: isFast
      ? 'Here it runs on the machine’s own processor.'
      : 'Here its processor is emulated, which is many times slower.',
    remedies: images.remedies,
  }
}

/** Of no concern to a session with this computer's own system. */
async function diagnoseImages(
  found: Result<VmParts, Lack>,
): Promise<{ readonly words: string; readonly remedies: Remedy[] }> {
  if (found.ok && found.value.lacksForImages !== null)
    return {
      words: `not with the kernel ${found.value.kernelVersion}, which lacks ${found.value.lacksForImages}`,
      remedies: [REMEDIES['a kernel']],
    }
  const tool = await findDiskTool()
  if (tool === null) return { words: 'sqfstar is not installed', remedies: [INSTALL_DISK_TOOL] }
  const version = await run(tool, ['-version'], { timeoutMs: 5000 })
  return { words: version.stdout.split('\n')[0]?.trim() || tool, remedies: [] }
}

export const processorWords = ({ acceleration }: Pick<VmParts, 'acceleration'>): string =>
  acceleration.why === null ? 'this machine’s own (KVM)' : `emulated: ${acceleration.why}`
