export type Architecture = 'x64' | 'arm64'

/** AUDIT_ARCH_* of the kernel, by Node's name of the architecture. */
export const AUDIT_ARCH: Readonly<Record<Architecture, number>> = {
  x64: 0xc000003e,
  arm64: 0xc00000b7,
}

/** System calls the filter speaks of: [x86-64, aarch64]. */
const NUMBERS = {
  acct: [163, 89],
  add_key: [248, 217],
  adjtimex: [159, 171],
  bpf: [321, 280],
  chroot: [161, 51],
  clock_adjtime: [305, 266],
  clock_settime: [227, 112],
  clone: [56, 220],
  clone3: [435, 435],
  delete_module: [176, 106],
  fanotify_init: [300, 262],
  finit_module: [313, 273],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  init_module: [175, 105],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  ioctl: [16, 29],
  kcmp: [312, 272],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  lookup_dcookie: [212, 18],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  nfsservctl: [180, 42],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  open_tree_attr: [467, 467],
  perf_event_open: [298, 241],
  pidfd_getfd: [438, 438],
  pivot_root: [155, 41],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  ptrace: [101, 117],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  request_key: [249, 218],
  seccomp: [317, 277],
  setns: [308, 268],
  settimeofday: [164, 170],
  socket: [41, 198],
  socketpair: [53, 199],
  swapoff: [168, 225],
  swapon: [167, 224],
  syslog: [103, 116],
  umount2: [166, 39],
  unshare: [272, 97],
  userfaultfd: [323, 282],
  vhangup: [153, 58],
} as const satisfies Record<string, readonly [number, number]>

export type SyscallName = keyof typeof NUMBERS

/** Every call the filter speaks of. */
export const SYSCALLS = Object.keys(NUMBERS).filter(isName)

function isName(name: string): name is SyscallName {
  return name in NUMBERS
}

export const syscallNumber = (name: SyscallName, arch: Architecture): number =>
  NUMBERS[name][arch === 'x64' ? 0 : 1]

/** x86-64 only: no counterpart on aarch64. */
export const X64_ONLY = { iopl: 172, ioperm: 173, modify_ldt: 154, uselib: 134 } as const

/** Never allowed inside, whatever the arguments. */
export const DENIED: readonly SyscallName[] = [
  // Another process's memory, descriptors and secrets.
  'ptrace',
  'process_vm_readv',
  'process_vm_writev',
  'pidfd_getfd',
  'kcmp',
  // New namespaces and the mount table: they would undo every mount rule.
  'setns',
  'mount',
  'umount2',
  'pivot_root',
  'chroot',
  'open_tree',
  'open_tree_attr',
  'move_mount',
  'fsopen',
  'fsconfig',
  'fsmount',
  'fspick',
  'mount_setattr',
  'open_by_handle_at',
  // Kernel surface that agents do not need and escapes do.
  'bpf',
  'perf_event_open',
  'userfaultfd',
  'io_uring_setup',
  'io_uring_enter',
  'io_uring_register',
  'fanotify_init',
  'lookup_dcookie',
  'nfsservctl',
  // The user's kernel keyrings are not namespaced.
  'add_key',
  'keyctl',
  'request_key',
  // The machine itself.
  'acct',
  'adjtimex',
  'clock_adjtime',
  'clock_settime',
  'delete_module',
  'finit_module',
  'init_module',
  'kexec_file_load',
  'kexec_load',
  'quotactl',
  'quotactl_fd',
  'reboot',
  'settimeofday',
  'swapoff',
  'swapon',
  'syslog',
  'vhangup',
]
