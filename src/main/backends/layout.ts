import { lstat, readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What of this machine every sandbox sees, read-only. */
export interface MachineLayout {
  /** Top-level links (`/bin` → `usr/bin`), remade inside. */
  readonly links: readonly (readonly [path: string, target: string])[]
  readonly folders: readonly string[]
  readonly etc: readonly string[]
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
  const links: (readonly [string, string])[] = []
  const folders: string[] = []
  for (const path of TOP_LEVEL) {
    const info = await lstat(path).catch(() => null)
    if (info?.isSymbolicLink()) links.push([path, await readlink(path)])
    else if (info?.isDirectory()) folders.push(path)
  }
  const etc: string[] = []
  const families = (await readdir('/etc')).filter((name) => ETC_FAMILIES.test(name))
  // A link that leads nowhere cannot be mounted, so it is as absent as its target.
  for (const name of [...ETC, ...families])
    if (await stat(join('/etc', name)).catch(() => null)) etc.push(name)
  const proc: Record<'file' | 'folder', string[]> = { file: [], folder: [] }
  for (const name of PROC_HIDDEN) {
    const info = await lstat(join('/proc', name)).catch(() => null)
    if (info) proc[info.isDirectory() ? 'folder' : 'file'].push(join('/proc', name))
  }
  const procReadOnly: string[] = []
  for (const name of PROC_READ_ONLY)
    if (await lstat(join('/proc', name)).catch(() => null)) procReadOnly.push(join('/proc', name))
  const bash = await lstat('/bin/bash').catch(() => null)
  return {
    links,
    folders,
    etc,
    procReadOnly,
    procHiddenFiles: proc.file,
    procHiddenFolders: proc.folder,
    shell: bash ? '/bin/bash' : '/bin/sh',
  }
}
