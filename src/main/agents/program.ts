import { dirname, isAbsolute, resolve } from 'node:path'
import type { StartFailure } from '../../shared/domain/session.ts'
import { err, ok, type Result } from '../../shared/result.ts'
import type { Mount, OwnProgram } from '../core/isolation/plan.ts'
import { isWithin } from '../core/within.ts'
import type { AgentDescriptor } from './descriptors.ts'
import {
  type Executable,
  findExecutable,
  findOwnTool,
  inspectExecutable,
  interpreterRoot,
  pathFolders,
  programRoot,
  readInterpreter,
} from './locate.ts'

/** Folders every sandbox has read-only, so a program there needs no mount of its own. */
const SYSTEM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/opt', '/nix/store']

/** What must exist inside so that a program can run, and the folders to put on PATH. */
export interface Program {
  readonly argv: readonly string[]
  readonly mounts: readonly Mount[]
  readonly path: readonly string[]
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly workspace: string
}

/** In the workspace first (its own tools win there, as with npx), then on PATH. */
export async function findAgent(
  agent: AgentDescriptor,
  { env, workspace }: Pick<Surroundings, 'env'> & { workspace: string | null },
): Promise<{ executable: Executable; foundIn: 'path' | 'workspace' } | null> {
  if (agent.binary === null) return null
  const inWorkspace = workspace === null ? null : await findOwnTool(agent.binary, workspace)
  if (inWorkspace) return { executable: inWorkspace, foundIn: 'workspace' }
  const onPath = await findExecutable(agent.binary, pathFolders(env))
  return onPath && { executable: onPath, foundIn: 'path' }
}

/** A shell the person uses, when it lies where the sandbox can see it. */
export async function findShell(env: Surroundings['env']): Promise<Executable | null> {
  for (const path of [env.SHELL ?? '', '/bin/bash', '/bin/sh']) {
    const found = isAbsolute(path) ? await inspectExecutable(path) : null
    if (found?.isExecutable && isSystem(found.target)) return found
  }
  return null
}

/** argv[0] of a typed command: a path (from the workspace) or a name on PATH. */
export async function findCommand(
  name: string,
  { env, workspace }: Surroundings,
): Promise<Executable | null> {
  if (name.includes('/')) return inspectExecutable(resolve(workspace, name))
  return (await findOwnTool(name, workspace)) ?? findExecutable(name, pathFolders(env))
}

const isSystem = (path: string): boolean => SYSTEM_FOLDERS.some((folder) => isWithin(path, folder))

/** Works out the mounts for an executable, its packages and its interpreter. */
export async function describeProgram(
  executable: Executable,
  args: readonly string[],
  around: Surroundings,
): Promise<Result<Program, StartFailure>> {
  if (!executable.isExecutable) return err({ type: 'agent_not_executable', path: executable.path })
  const roots = new Set<string>()
  const path = new Set<string>()
  const isVisible = (target: string): boolean =>
    isSystem(target) || isWithin(target, around.workspace)
  if (!isVisible(executable.target)) roots.add(programRoot(executable.target))

  const interpreter = await readInterpreter(executable.target).catch(() => null)
  if (interpreter !== null && !interpreter.includes('/')) {
    const found = await findExecutable(interpreter, pathFolders(around.env))
    if (found && !isVisible(found.target)) roots.add(interpreterRoot(found.target))
    if (found) path.add(dirname(found.target))
  }
  // A mount must never bring the whole home (or more) along.
  for (const root of roots) if (isWithin(around.home, root)) roots.delete(root)
  return ok({
    argv: [executable.target, ...args],
    mounts: [...roots].map((root) => ({ source: root, target: root, access: 'read' })),
    path: [...path].filter((folder) => !['/usr/bin', '/bin', '/usr/local/bin'].includes(folder)),
  })
}

/** The same for the inside of an image, which has none of this machine's folders; its interpreter is the image's. */
export function describeForImage(
  executable: Executable,
  args: readonly string[],
  { home, workspace }: Surroundings,
): OwnProgram {
  const root = programRoot(executable.target)
  const isThere = isWithin(root, workspace) || isWithin(home, root)
  return {
    argv: [executable.target, ...args],
    mounts: isThere ? [] : [{ source: root, target: root, access: 'read' }],
  }
}
