import { constants } from 'node:fs'
import { access, type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { basename, delimiter, dirname, join, sep } from 'node:path'
import { interpreterIn } from '../core/interpreter.ts'

export interface Executable {
  /** As found, before links are followed. */
  readonly path: string
  /** Every link followed: what is executed. */
  readonly target: string
  readonly isExecutable: boolean
}

/** Looks through folders in order, as a shell does, but tells a file that may not be executed. */
export async function findExecutable(
  name: string,
  folders: readonly string[],
): Promise<Executable | null> {
  for (const folder of folders) {
    const found = await inspectExecutable(join(folder, name))
    if (found) return found
  }
  return null
}

/**
 * Among the tools of a workspace. A link that leads out of it is passed over: whoever can write
 * there would choose what else of the machine is shown inside.
 */
export async function findOwnTool(name: string, workspace: string): Promise<Executable | null> {
  const found = await findExecutable(name, [join(workspace, 'node_modules', '.bin')])
  if (!found) return null
  return found.target.startsWith((await realpath(workspace)) + sep) ? found : null
}

export async function inspectExecutable(path: string): Promise<Executable | null> {
  try {
    const target = await realpath(path)
    if (!(await stat(target)).isFile()) return null
    const isExecutable = await access(target, constants.X_OK).then(
      () => true,
      () => false,
    )
    return { path, target, isExecutable }
  } catch {
    return null
  }
}

export const pathFolders = (env: Readonly<Record<string, string | undefined>>): string[] =>
  (env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'))

/**
 * Version of the npm package a program belongs to, or the version its path names. Nothing is
 * executed: the workspace is not trusted and the boundary does not stand yet.
 */
export async function readVersion(
  target: string,
  packageName: string | null,
): Promise<string | null> {
  for (let folder = dirname(target); folder !== dirname(folder); folder = dirname(folder)) {
    const found = await readPackage(join(folder, 'package.json'))
    if (found && (found.name === packageName || found.name?.startsWith(`${packageName}-`)))
      return found.version?.match(/\d+\.\d+\.\d+/)?.[0] ?? null
    if (basename(folder) === 'node_modules') break
  }
  return /[/-](\d+\.\d+\.\d+)(?:[/-]|$)/.exec(target)?.[1] ?? null
}

const MAX_PACKAGE_BYTES = 256 * 1024

async function readPackage(path: string): Promise<{ name?: string; version?: string } | null> {
  const file = await openPlain(path)
  if (!file) return null
  try {
    if ((await file.stat()).size > MAX_PACKAGE_BYTES) return null
    const parsed: unknown = JSON.parse(await file.readFile('utf8'))
    return typeof parsed === 'object' && parsed !== null ? parsed : null
  } catch {
    return null
  } finally {
    await file.close()
  }
}

/**
 * null when it is no plain file. Looked at after it was opened, and opened without waiting: what
 * an agent exchanges for a pipe in between neither blocks us nor is read. The caller closes it.
 */
async function openPlain(path: string): Promise<FileHandle | null> {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants
  const file = await open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY).catch(() => null)
  if (!file || (await file.stat()).isFile()) return file
  await file.close()
  return null
}

/** The interpreter a script names in its first line (`#!/usr/bin/env node` → `node`). */
export async function readInterpreter(target: string): Promise<string | null> {
  const file = await openPlain(target)
  if (!file) return null
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0)
    const line = buffer.toString('latin1', 0, bytesRead).split('\n')[0] ?? ''
    return line.startsWith('#!') ? interpreterIn(line.slice(2)) : null
  } finally {
    await file.close()
  }
}

/** The smallest folder or file that a program needs to run: all its packages, or just itself. */
export function programRoot(target: string): string {
  const marker = `${sep}node_modules${sep}`
  const at = target.indexOf(marker)
  return at === -1 ? target : target.slice(0, at + marker.length - 1)
}

/** `<prefix>/bin/node` needs `<prefix>/lib` beside it. */
export const interpreterRoot = (target: string): string =>
  basename(dirname(target)) === 'bin' ? dirname(dirname(target)) : target
