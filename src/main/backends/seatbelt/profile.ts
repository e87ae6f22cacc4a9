import { dirname } from 'node:path'
import type { PlanInput } from '../../core/isolation/plan.ts'
import type { FileEntry } from '../files/entries.ts'

/**
 * A sandbox profile of macOS (SBPL) and the paths it speaks of. Paths are parameters, given to
 * `sandbox-exec -D`, never part of the text: none can add a rule. BUILT, NOT RUN: we have no Mac.
 */
export interface SeatbeltProfile {
  readonly text: string
  readonly parameters: ReadonlyMap<string, string>
}

export interface SeatbeltParts {
  readonly plan: PlanInput
  readonly entries: readonly FileEntry[]
  /** Port of the gateway on this machine's loopback. */
  readonly gatewayPort: number
  /** Folder for temporary files, and the home inside; both of this session alone. */
  readonly temporary: string
  readonly home: string
  /** Files the probe talks through. */
  readonly channels: readonly string[]
}

/** What every program needs to read to start at all. */
const SYSTEM = [
  '/bin',
  '/sbin',
  '/usr',
  '/opt',
  '/System',
  '/Library/Apple',
  '/Library/Developer/CommandLineTools',
  '/Library/Frameworks',
  '/private/etc/bashrc',
  '/private/etc/localtime',
  '/private/etc/profile',
  '/private/etc/protocols',
  '/private/etc/services',
  '/private/etc/shells',
  '/private/etc/ssl',
  '/private/etc/zprofile',
  '/private/etc/zshrc',
  '/private/var/db/dyld',
  '/private/var/db/timezone',
  '/private/var/select',
]

/** Devices without a way out. */
const DEVICES = ['/dev/null', '/dev/zero', '/dev/random', '/dev/urandom', '/dev/tty', '/dev/ptmx']

/** Each service of the system and why a command-line program needs it. */
const SERVICES: readonly (readonly [name: string, why: string])[] = [
  ['com.apple.system.opendirectoryd.libinfo', 'names of users and groups'],
  ['com.apple.system.notification_center', 'the time zone and its changes'],
  ['com.apple.trustd.agent', 'checking the certificates of servers'],
]

/** Pure. Later rules win, so what is denied stands last. */
export function seatbeltProfile(parts: SeatbeltParts): SeatbeltProfile {
  const parameters = new Map<string, string>()
  const named = (path: string): string => {
    const name = `P${parameters.size}`
    parameters.set(name, path)
    return `(param "${name}")`
  }
  const { plan, entries, gatewayPort } = parts
  const writable = [
    plan.workspace,
    parts.temporary,
    parts.home,
    ...plan.mounts.filter(({ access }) => access === 'write').map(({ source }) => source),
    ...entries.filter(({ access }) => access === 'write').map(({ path }) => path),
  ]
  const readable = [
    ...SYSTEM,
    ...plan.mounts.filter(({ access }) => access === 'read').map(({ source }) => source),
    ...entries.filter(({ access }) => access === 'read').map(({ path }) => path),
  ]
  const below = (paths: readonly string[]): string =>
    paths.map((path) => `(subpath ${named(path)})`).join(' ')
  const exactly = (paths: readonly string[]): string =>
    paths.map((path) => `(literal ${named(path)})`).join(' ')
  const lines = [
    '(version 1)',
    '(deny default)',
    '; Programs start, and what they start is under this profile as well.',
    '(allow process-exec)',
    '(allow process-fork)',
    '(allow process-info* (target same-sandbox))',
    '(allow signal (target same-sandbox))',
    '(allow sysctl-read)',
    '(allow pseudo-tty)',
    ...SERVICES.map(([name, why]) => `(allow mach-lookup (global-name "${name}")) ; ${why}`),
    '; Every path is looked up through the folders above it.',
    `(allow file-read-metadata ${exactly(foldersAbove([...readable, ...writable]))})`,
    `(allow file-read* ${below(readable)})`,
    `(allow file-read* file-write* file-ioctl ${exactly(DEVICES)} (regex #"^/dev/ttys[0-9]+$"))`,
    `(allow file-read* file-write* ${below(writable)})`,
    `(allow file-read* file-write* ${exactly(parts.channels)})`,
    '; The gateway, and nothing else of any network.',
    `(allow network-outbound (remote ip "localhost:${gatewayPort}"))`,
    ...(plan.sockets ? ofMachine(below(plan.sockets)) : []),
  ]
  for (const entry of entries) lines.push(...denials(entry))
  return { text: `${lines.join('\n')}\n`, parameters }
}

/** Pure: for a tool that writes in one folder and is given all else on its standard input. */
export function toolProfile(folder: string): SeatbeltProfile {
  const parameters = new Map([['FOLDER', folder]])
  const system = SYSTEM.map((path) => `(subpath "${path}")`).join(' ')
  const lines = [
    '(version 1)',
    '(deny default)',
    '(allow process-exec)',
    '(allow process-fork)',
    '(allow sysctl-read)',
    '(allow file-read-metadata)',
    `(allow file-read* ${system})`,
    `(allow file-read* file-write* ${DEVICES.map((path) => `(literal "${path}")`).join(' ')})`,
    '(allow file-read* file-write* (subpath (param "FOLDER")))',
  ]
  return { text: `${lines.join('\n')}\n`, parameters }
}

/** What QEMU and the program beside it need on top; `sockets`: below which they may connect. */
const ofMachine = (sockets: string): string[] => [
  '; A virtual machine: an emulated processor writes its own code, an Intel Mac’s own is opened like a device.',
  '(allow dynamic-code-generation)',
  '(allow iokit-open (iokit-registry-entry-class "AppleHVClient"))',
  '; Its lines to the host.',
  '(allow system-socket (socket-domain AF_UNIX))',
  `(allow network-outbound ${sockets})`,
  '; The gateway sees the port that the machine’s kernel sees. Nothing listens.',
  '(allow network-bind (local ip "localhost:*"))',
]

/** Names count in any case: the disk of a Mac takes `.Claude` for `.claude`. */
function denials({ path, access }: FileEntry): string[] {
  switch (access) {
    case 'read':
      return [`(deny file-write* (regex #"${anyCase(path)}(/.*)?$"))`]
    case 'deny':
    case 'mask':
      // A Mac cannot show a file as empty: what is to look empty is closed.
      return [`(deny file-read* file-write* (regex #"${anyCase(path)}(/.*)?$"))`]
    case 'pin':
      return [`(deny file-write-unlink (regex #"${anyCase(path)}$"))`]
    case 'write':
      return []
  }
}

/**
 * A regular expression for a path in any case. What is neither an ASCII letter or digit nor a plain
 * sign stands for anything: a denial may cover more than was meant, never less, and no character
 * of a path is ever part of the profile's own syntax.
 */
function anyCase(path: string): string {
  let pattern = '^'
  for (const char of path) {
    if (/[a-z]/i.test(char)) pattern += `[${char.toLowerCase()}${char.toUpperCase()}]`
    else if (/[0-9/_ -]/.test(char)) pattern += char
    else if (char === '.') pattern += '[.]'
    // A letter beyond ASCII may be written as several.
    else pattern += char < '\u007f' ? '.' : '.+'
  }
  return pattern
}

/** `/` and each folder on the way to the paths, each once. */
function foldersAbove(paths: readonly string[]): string[] {
  const folders = new Set<string>(['/'])
  for (const path of paths)
    for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) folders.add(folder)
  return [...folders].sort()
}
