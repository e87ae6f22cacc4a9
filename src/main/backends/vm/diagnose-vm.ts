import { NO_SNAPSHOTS } from '../../../shared/domain/isolation.ts'
import type { Diagnosis, Remedy } from '../../../shared/domain/sandbox.ts'
import { NOT_RUN } from '../seatbelt/backend.ts'
import { run } from '../spawn.ts'
import { ACCELERATION_WORDS } from './acceleration.ts'
import { findDiskTool, INSTALL_DISK_TOOL } from './disk-tool.ts'
import { findQemu, type Lack, thisComputer, type VmOptions, type VmParts } from './parts.ts'
import { PROCESSORS } from './processors.ts'
import type { Computer } from './qemu-args.ts'
import type { Result } from '../../../shared/result.ts'

/** What to do about each lack; null: nothing helps. */
function remedyFor(part: Lack['part'], { system, processor }: Computer): Remedy | null {
  const { install, engineName } = PROCESSORS[processor]
  switch (part) {
    case 'this computer':
      return null
    case 'QEMU':
      return {
        say:
          system === 'linux'
            ? 'Install QEMU from your distribution.'
            : 'Install QEMU with Homebrew.',
        command: install[system],
      }
    case 'a kernel':
      return system === 'linux'
        ? {
            say: 'Install your distribution’s ordinary kernel (not its cloud kernel, which cannot share folders), and let yourself read its image.',
            command: `sudo apt install linux-image-${engineName} && sudo chmod a+r /boot/vmlinuz-*`,
          }
        : {
            say: 'Make what machines start with on the page of containers: a container engine builds it from a Debian image.',
            command: null,
          }
    case 'Cloche’s own programs':
      return {
        say: 'Install a C compiler and start Cloche again.',
        command: system === 'linux' ? 'sudo apt install gcc libc6-dev' : 'xcode-select --install',
      }
  }
}

/** Whether sessions can run in machines of their own here, and what they would run on. */
export async function diagnoseVm(
  options: VmOptions,
  found: Result<VmParts, Lack>,
  around: Diagnosis,
): Promise<Diagnosis> {
  const computer = options.computer ?? thisComputer()
  const qemu = computer && (await findQemu(computer, options))
  const isMac = computer?.system === 'darwin'
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
    ...(isMac ? [{ name: 'Tried by its makers', value: 'no' }] : []),
  ]
  const base = { id: 'vm', title: 'Virtual machines (QEMU)', level: 'vm', facts } as const
  if (!found.ok) {
    const remedy = computer && remedyFor(found.error.part, computer)
    const status = remedy ? 'missing' : 'unsupported'
    const remedies = remedy ? [remedy] : []
    return { ...base, status, summary: `No machine can be started: ${found.error.why}.`, remedies }
  }
  if (around.status !== 'usable')
    return {
      ...base,
      status: 'blocked',
      summary: 'Each machine runs inside an OS sandbox, which this machine does not allow yet.',
      remedies: around.remedies,
    }
  const isFast = found.value.acceleration.by !== 'tcg'
  return {
    ...base,
    status: 'usable',
    summary: [
      isFast
        ? 'Here it runs on the machine’s own processor.'
        : 'Here its processor is emulated, which is many times slower.',
      ...(isMac ? [`It needs an image as its system. ${NOT_RUN}`] : []),
    ].join(' '),
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
      remedies: [remedyFor('a kernel', found.value.computer)].filter((each) => each !== null),
    }
  const tool = await findDiskTool()
  if (tool === null) return { words: 'sqfstar is not installed', remedies: [INSTALL_DISK_TOOL] }
  const version = await run(tool, ['-version'], { timeoutMs: 5000 })
  return { words: version.stdout.split('\n')[0]?.trim() || tool, remedies: [] }
}

export const processorWords = ({
  acceleration,
  computer,
}: Pick<VmParts, 'acceleration' | 'computer'>): string =>
  acceleration.why === null
    ? `this machine’s own (${ACCELERATION_WORDS[computer.system]})`
    : `emulated: ${acceleration.why}`
