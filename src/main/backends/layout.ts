import { lstat, readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What of this machine every sandbox sees, read-only. */
export interface MachineLayout {
  /** Top-level links (`/bin` → `usr/bin`), remade inside. */
  readonly links: readonly (readonly [path: string, target: string])[]
  readonly folders: readonly string[]
  /** Names below /etc. */
  readonly etcFolders: readonly string[]
  readonly etcFiles: readonly string[]
  readonly procReadOnly: readonly string[]
  readonly procHiddenFiles: readonly string[]
  readonly procHiddenFolders: readonly string[]
  /** bash where there is one. */
  readonly shell: string
}

const TOP_LEVEL = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/opt',
  '/nix/store',
]

/** Never the whole of /etc: it holds host keys, shadow files and other services' secrets. */
const ETC = [
  'alternatives',
  'bash.bashrc',
  'bash_completion.d',
  'ca-certificates',
  'ca-certificates.conf',
  'crypto-policies',
  'debian_version',
  'fonts',
  'gai.conf',
  'gitconfig',
  'host.conf',
  'inputrc',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'locale.alias',
  'localtime',
  'lsb-release',
  'magic',
  'manpath.config',
  'mime.types',
  'nanorc',
  'os-release',
  'perl',
  'pki/ca-trust',
  'pki/tls/cert.pem',
  'pki/tls/certs',
  'pki/tls/openssl.cnf',
  'profile',
  'profile.d',
  'protocols',
  'python3',
  'services',
  'shells',
  'skel',
  'ssl/cert.pem',
  'ssl/certs',
  'ssl/openssl.cnf',
  'terminfo',
  'timezone',
  'vim',
  'zsh',
  'zshrc',
]

/**
 * Parts of /proc that speak for the whole machine. bubblewrap leaves them writable to a person who
 * is root, because the folder looks read-only while the files in it are not.
 */
export const PROC_READ_ONLY = ['bus', 'fs', 'irq', 'sys'] as const
export const PROC_HIDDEN = [
  'acpi',
  'kcore',
  'keys',
  'kmsg',
  'latency_stats',
  'sched_debug',
  'scsi',
  'sysrq-trigger',
  'timer_list',
] as const

/** Versioned folders of language runtimes: `java-17-openjdk`, `python3.11`. */
const ETC_FAMILIES = /^(java|python3\.)/

export async function readLayout(): Promise<MachineLayout> {
  const etcNames = readdir('/etc').then((names) => [
    ...ETC,
    ...names.filter((name) => ETC_FAMILIES.test(name)),
  ])
  const [top, etc, hidden, readOnly, bash] = await Promise.all([
    Promise.all(TOP_LEVEL.map(topLevel)),
    // A link that leads nowhere cannot be mounted, so it is as absent as its target.
    etcNames.then((names) => byKind('/etc', names, stat)),
    byKind('/proc', PROC_HIDDEN, lstat),
    byKind('/proc', PROC_READ_ONLY, lstat),
    lstat('/bin/bash').catch(() => null),
  ])
  const inProc = (names: readonly string[]): string[] => names.map((name) => join('/proc', name))
  return {
    links: top.filter((item) => item !== null && typeof item !== 'string'),
    folders: top.filter((item) => typeof item === 'string'),
    etcFolders: etc.folders,
    etcFiles: etc.files,
    procReadOnly: inProc([...readOnly.folders, ...readOnly.files]),
    procHiddenFiles: inProc(hidden.files),
    procHiddenFolders: inProc(hidden.folders),
    shell: bash ? '/bin/bash' : '/bin/sh',
  }
}

/** A folder's path, or a link with where it leads; null: there is neither. */
async function topLevel(path: string): Promise<string | readonly [string, string] | null> {
  const info = await lstat(path).catch(() => null)
  if (info?.isSymbolicLink()) return [path, await readlink(path)]
  return info?.isDirectory() ? path : null
}

/** Those that are there, in their order. */
async function byKind(
  folder: string,
  names: readonly string[],
  look: typeof stat | typeof lstat,
): Promise<{ readonly files: string[]; readonly folders: string[] }> {
  const found = await Promise.all(names.map((name) => look(join(folder, name)).catch(() => null)))
  return {
    files: names.filter((_, index) => found[index]?.isDirectory() === false),
    folders: names.filter((_, index) => found[index]?.isDirectory()),
  }
}
