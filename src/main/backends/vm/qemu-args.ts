import type { Share } from './guest-plan.ts'

/** Where the sandbox around a machine has what is ours. */
export const AROUND = '/.cloche'
export const RUNNER = `${AROUND}/runner`
export const KERNEL = `${AROUND}/kernel`
export const INITRAMFS = `${AROUND}/initramfs`
export const LINES = `${AROUND}/lines`
/** Where calls that change files are told. */
export const OBSERVER = `${AROUND}/observer`
/** Of an image whose root the machine has. */
export const DISK = `${AROUND}/disk`
/** Port in the network around a machine that leads to any port of the machine's own. */
export const DIAL_PORT = 3130

/** Lines between this host and the machine: sockets in `LINES`, ports of the same name inside. */
export const HOST_LINES = ['control', 'events', 'owners'] as const

export type Acceleration = 'kvm' | 'tcg'

export interface Machine {
  /** Absolute path. */
  readonly qemu: string
  readonly acceleration: Acceleration
  readonly processors: number
  readonly memoryBytes: number
  readonly shares: readonly Share[]
  /** Whether there is a disk at `DISK`, which is read only. */
  readonly hasDisk: boolean
  /** Whether somebody listens at `OBSERVER`. */
  readonly isObserved: boolean
}

const COMMON_WORDS = 'quiet panic=-1 console=ttyS0 random.trust_cpu=on'
const KERNEL_WORDS = {
  kvm: COMMON_WORDS,
  // An emulated processor guesses nothing ahead, and its clock needs no second opinion.
  tcg: `${COMMON_WORDS} mitigations=off tsc=reliable no_timer_check cryptomgr.notests`,
} as const satisfies Record<Acceleration, string>

/** What is on it is not trusted: its form is told and not guessed. */
const DISK_ARGS = [
  '-blockdev',
  `driver=raw,node-name=disk,read-only=on,file.driver=file,file.filename=${DISK},file.read-only=on,file.locking=off`,
  ...['-device', 'virtio-blk-pci,drive=disk'],
]

const OBSERVER_ARGS = [
  ...['-chardev', `socket,id=files,path=${OBSERVER}`],
  ...['-device', 'virtserialport,chardev=files,name=cloche.files'],
]

/** Pure: the machine as a command, for the inside of the sandbox around it. No device but these. */
export function qemuArgs(machine: Machine): string[] {
  const { acceleration, shares } = machine
  const port = (name: string): string[] => [
    '-device',
    `virtserialport,chardev=${name},name=cloche.${name}`,
  ]
  return [
    ...[machine.qemu, '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    // No second program, no other user, no other limits: whatever a device of it can be made to do.
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-machine', 'q35,usb=off,sata=off,smbus=off,vmport=off'],
    ...['-accel', acceleration === 'kvm' ? 'kvm' : 'tcg,thread=multi,tb-size=256'],
    ...['-cpu', acceleration === 'kvm' ? 'host' : 'max', '-smp', String(machine.processors)],
    ...['-m', `${Math.floor(machine.memoryBytes / 2 ** 20)}M`],
    ...['-kernel', KERNEL, '-initrd', INITRAMFS],
    ...['-append', KERNEL_WORDS[acceleration]],
    ...['-add-fd', 'fd=12,set=1', '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=console,path=${LINES}/console,logfile=/dev/fdset/1,logappend=on`],
    ...['-chardev', `socket,id=qmp,path=${LINES}/qmp`, '-mon', 'chardev=qmp,mode=control'],
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-balloon-pci,free-page-reporting=on'],
    ...['-device', 'virtio-serial-pci,max_ports=8'],
    ...['-chardev', 'socket,id=terminal,fd=10', ...port('terminal')],
    ...['-chardev', 'socket,id=line,fd=11', ...port('line')],
    ...HOST_LINES.flatMap((name) => [
      '-chardev',
      `socket,id=${name},path=${LINES}/${name}`,
      ...port(name),
    ]),
    ...(machine.isObserved ? OBSERVER_ARGS : []),
    ...(machine.hasDisk ? DISK_ARGS : []),
    ...shares.flatMap(({ tag, path, access }) => [
      '-fsdev',
      `local,id=${tag},path=${quoted(path)},security_model=none,multidevs=remap${access === 'read' ? ',readonly=on' : ''}`,
      '-device',
      `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
    ]),
  ]
}

/** A comma ends an option unless it stands twice. */
const quoted = (path: string): string => path.replaceAll(',', ',,')
