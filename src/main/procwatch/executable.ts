import { type FileHandle, open, readlink, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ProcessInspection } from '../../shared/domain/process-details.ts'
import type { ProcFiles } from '../core/ports.ts'

type Executable = ProcessInspection['executable']

const SYSTEM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/opt', '/nix/store']
const SYSTEM_PROGRAMS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/bin', '/sbin']
const DELETED = ' (deleted)'
const CHUNK_BYTES = 256 * 1024
const MAX_COMPARED_BYTES = 64 * 1024 * 1024

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`)

/** Where the program of a process is, judged by the file that runs and not by its name alone. */
export async function describeExecutable(pid: number, workspace: string): Promise<Executable> {
  const link = `/proc/${pid}/exe`
  const path = await readlink(link).catch(() => null)
  if (path === null) return { path, origin: 'unknown', copyOf: null }
  const file = await stat(link).catch(() => null)
  if (path.startsWith('/memfd:'))
    return { path, origin: 'memory', copyOf: await findOriginal(link, path) }
  if (path.endsWith(DELETED) && file?.nlink === 0)
    return { path, origin: 'deleted', copyOf: await findOriginal(link, path) }
  if (SYSTEM_FOLDERS.some((folder) => isBelow(path, folder))) {
    // The same path inside a sandbox could be another file.
    const ours = await stat(path).catch(() => null)
    const isSame = ours && file && ours.ino === file.ino && ours.dev === file.dev
    return { path, origin: isSame ? 'system' : 'elsewhere', copyOf: null }
  }
  const origin = isBelow(path, workspace) ? 'workspace' : 'elsewhere'
  return { path, origin, copyOf: await findOriginal(link, path) }
}

/** What the link alone tells: the files behind it are on another machine, and so are its programs. */
export async function describeGuestExecutable(
  proc: ProcFiles,
  pid: number,
  workspace: string,
): Promise<Executable> {
  const path = await proc.link(`/proc/${pid}/exe`)
  return { path, origin: path === null ? 'unknown' : originOf(path, workspace), copyOf: null }
}

function originOf(path: string, workspace: string): Executable['origin'] {
  if (path.startsWith('/memfd:')) return 'memory'
  if (path.endsWith(DELETED)) return 'deleted'
  // Whether a system folder there holds what this machine's does, nobody here can see.
  return isBelow(path, workspace) ? 'workspace' : 'unknown'
}

/** A system program of the same name and content; a renamed copy is not looked for. */
async function findOriginal(link: string, path: string): Promise<string | null> {
  const name = basename(path.replace(/^\/memfd:/, '').replace(DELETED, ''))
  if (name === '') return null
  for (const folder of SYSTEM_PROGRAMS)
    if (await isSameContent(link, join(folder, name)).catch(() => false)) return join(folder, name)
  return null
}

async function isSameContent(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(left), stat(right)])
  if (!b.isFile() || a.size !== b.size || a.size > MAX_COMPARED_BYTES) return false
  const files = await Promise.all([open(left), open(right)])
  try {
    for (let at = 0; at < a.size; at += CHUNK_BYTES) {
      const [one, two] = await Promise.all(files.map((file) => chunk(file, at)))
      if (!one || !two || !one.equals(two)) return false
    }
    return true
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
}

async function chunk(file: FileHandle, at: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, at)
  return buffer.subarray(0, bytesRead)
}
