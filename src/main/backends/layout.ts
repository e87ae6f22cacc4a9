import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** What of this machine every sandbox sees, read-only. */
export interface MachineLayout {
  /** Top-level links (`/bin` → `usr/bin`), remade inside. */
  readonly links: readonly (readonly [path: string, target: string])[]
  readonly folders: readonly string[]
  readonly etc: readonly string[]
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
  'pki/tls',
  'pki/ca-trust',
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

export async function readLayout(): Promise<MachineLayout> {
  const links: (readonly [string, string])[] = []
  const folders: string[] = []
  for (const path of TOP_LEVEL) {
    const info = await lstat(path).catch(() => null)
    if (info?.isSymbolicLink()) links.push([path, await readlink(path)])
    else if (info?.isDirectory()) folders.push(path)
  }
  const etc: string[] = []
  for (const name of ETC) if (await lstat(join('/etc', name)).catch(() => null)) etc.push(name)
  const bash = await lstat('/bin/bash').catch(() => null)
  return { links, folders, etc, shell: bash ? '/bin/bash' : '/bin/sh' }
}
