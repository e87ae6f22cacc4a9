import { constants } from 'node:fs'
import { access, open, readFile, realpath, stat } from 'node:fs/promises'
import { basename, delimiter, dirname, join, sep } from 'node:path'

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

async function readPackage(path: string): Promise<{ name?: string; version?: string } | null> {
  try {
    const info = await stat(path)
    if (!info.isFile() || info.size > 256 * 1024) return null
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'))
    return typeof parsed === 'object' && parsed !== null ? parsed : null
  } catch {
    return null
  }
}

/** The interpreter a script names in its first line (`#!/usr/bin/env node` → `node`). */
export async function readInterpreter(target: string): Promise<string | null> {
  const file = await open(target, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0)
    const line = buffer.toString('latin1', 0, bytesRead).split('\n')[0] ?? ''
    if (!line.startsWith('#!')) return null
    const words = line.slice(2).trim().split(/\s+/)
    const program = words[0] ?? ''
    if (basename(program) !== 'env') return program || null
    return words.slice(1).find((word) => !word.startsWith('-') && !word.includes('=')) ?? null
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
