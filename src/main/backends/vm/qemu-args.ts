import type { Share } from './guest-plan.ts'
import { type Acceleration, type Processor, PROCESSORS } from './processors.ts'

/** Where what is ours lies for the machine: paths as QEMU has them. */
export interface Places {
  readonly runner: string
  readonly kernel: string
  readonly initramfs: string
  /** Folder of the sockets of `HOST_LINES`, `qmp` and `console`. */
  readonly lines: string
  /** Where calls that change files are told. */
  readonly observer: string
  /** Of an image whose root the machine has. */
  readonly disk: string
}

const AROUND = '/.cloche'
/** In a sandbox that has mounts, at names that tell nothing of this machine. */
export const MOUNTED: Places = {
  runner: `${AROUND}/runner`,
  kernel: `${AROUND}/kernel`,
  initramfs: `${AROUND}/initramfs`,
  lines: `${AROUND}/lines`,
  observer: `${AROUND}/observer`,
  disk: `${AROUND}/disk`,
}
/** Port in the network around a machine that leads to any port of the machine's own. */
export const DIAL_PORT = 3130

/** Lines between this host and the machine: sockets in `lines`, ports of the same name inside. */
export const HOST_LINES = ['control', 'events', 'owners'] as const

/** What QEMU runs on. */
export interface Computer {
  readonly system: 'linux' | 'darwin'
  readonly processor: Processor
}

export interface Machine extends Computer {
  /** Absolute path. */
  readonly qemu: string
  readonly acceleration: Acceleration
  readonly processors: number
  readonly memoryBytes: number
  readonly shares: readonly Share[]
  /** Whether there is a disk at its place, which is read only. */
  readonly hasDisk: boolean
  /** Whether somebody listens at the observer's place. */
  readonly isObserved: boolean
  readonly places: Places
  /** Whether programs that know no proxy have a way out: it takes a network around the machine. */
  readonly servesDirect: boolean
}

const BARE = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot']

const kernelWords = ({ processor, acceleration, servesDirect }: Machine): string => {
  const { console, emulatedWords } = PROCESSORS[processor]
  const words = `quiet panic=-1 console=${console} random.trust_cpu=on`
  return [
    words,
    ...(acceleration === 'tcg' ? [emulatedWords] : []),
    // For native/vm-network.h; a kernel minds no word with a dot that it does not know.
    ...(servesDirect ? [] : ['cloche.direct=off']),
  ].join(' ')
}

/** What is on it is not trusted: its form is told and not guessed. */
const diskArgs = (path: string): string[] => [
  '-blockdev',
  `driver=raw,node-name=disk,read-only=on,file.driver=file,file.filename=${quoted(path)},file.read-only=on,file.locking=off`,
  ...['-device', 'virtio-blk-pci,drive=disk'],
]

const observerArgs = (path: string): string[] => [
  ...['-chardev', `socket,id=files,path=${quoted(path)}`],
  ...['-device', 'virtserialport,chardev=files,name=cloche.files'],
]

/**
 * No second program, no other user, no other limits: whatever a device of it can be made to do. It is a
 * filter of Linux; QEMU refuses the words elsewhere.
 */
const FILTER = [
  '-sandbox',
  'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
]

/** Pure: a kernel that says that it ran, by this computer's own processor. */
export function trialArgs(
  { processor }: Computer,
  by: Exclude<Acceleration, 'tcg'>,
  { kernel, initramfs }: Pick<Places, 'kernel' | 'initramfs'>,
): string[] {
  const { machine, console } = PROCESSORS[processor]
  return [
    ...[...BARE, '-machine', machine, '-accel', by, '-cpu', 'host', '-m', '256M'],
    ...['-serial', 'stdio', '-kernel', kernel, '-initrd', initramfs],
    ...['-append', `panic=-1 console=${console} rdinit=/none`],
  ]
}

/** Pure: the machine as a command, for the inside of the sandbox around it. No device but these. */
export function qemuArgs(machine: Machine): string[] {
  const { acceleration, processor, system, shares, places } = machine
  const kind = PROCESSORS[processor]
  const port = (name: string): string[] => [
    '-device',
    `virtserialport,chardev=${name},name=cloche.${name}`,
  ]
  return [
    ...[machine.qemu, ...BARE, ...(system === 'linux' ? FILTER : [])],
    ...['-machine', kind.machine],
    ...['-accel', acceleration === 'tcg' ? 'tcg,thread=multi,tb-size=256' : acceleration],
    ...['-cpu', acceleration === 'tcg' ? kind.emulated : 'host'],
    ...['-smp', String(machine.processors)],
    ...['-m', `${Math.floor(machine.memoryBytes / 2 ** 20)}M`],
    ...['-kernel', places.kernel, '-initrd', places.initramfs],
    ...['-append', kernelWords(machine)],
    ...['-add-fd', 'fd=12,set=1', '-serial', 'chardev:console'],
    ...[
      '-chardev',
      `socket,id=console,path=${quoted(places.lines)}/console,logfile=/dev/fdset/1,logappend=on`,
    ],
    ...[
      '-chardev',
      `socket,id=qmp,path=${quoted(places.lines)}/qmp`,
      '-mon',
      'chardev=qmp,mode=control',
    ],
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-balloon-pci,free-page-reporting=on'],
    ...['-device', 'virtio-serial-pci,max_ports=8'],
    ...['-chardev', 'socket,id=terminal,fd=10', ...port('terminal')],
    ...['-chardev', 'socket,id=line,fd=11', ...port('line')],
    ...HOST_LINES.flatMap((name) => [
      '-chardev',
      `socket,id=${name},path=${quoted(places.lines)}/${name}`,
      ...port(name),
    ]),
    ...(machine.isObserved ? observerArgs(places.observer) : []),
    ...(machine.hasDisk ? diskArgs(places.disk) : []),
    ...shares.flatMap(({ tag, path, source = path, access }) => [
      '-fsdev',
      `local,id=${tag},path=${quoted(source)},security_model=none,multidevs=remap${access === 'read' ? ',readonly=on' : ''}`,
      '-device',
      `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
    ]),
  ]
}

/** A comma ends an option unless it stands twice. */
const quoted = (path: string): string => path.replaceAll(',', ',,')
