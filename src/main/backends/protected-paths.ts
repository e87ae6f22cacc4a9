import { lstat, realpath } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Files of a workspace that programs outside the sandbox later obey: hooks, editor tasks, agents'
 * own settings. Read-only inside. Only what exists at the start is covered here.
 */
const PROTECTED = [
  '.git/config',
  '.git/hooks',
  '.claude',
  '.codex',
  '.gemini',
  '.opencode',
  '.vscode',
  '.idea',
  '.mcp.json',
  '.devcontainer',
]

/** Links are left alone: binding one would bring in whatever it points at. */
export async function protectedPaths(workspace: string): Promise<string[]> {
  const found: string[] = []
  for (const name of PROTECTED) {
    const path = join(workspace, name)
    const info = await lstat(path).catch(() => null)
    if (!info || info.isSymbolicLink() || !(info.isDirectory() || info.isFile())) continue
    if ((await realpath(path)) === path) found.push(path)
  }
  return found
}
