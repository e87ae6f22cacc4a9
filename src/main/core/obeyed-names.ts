/**
 * What programs outside the sandbox obey later, at the top of a workspace: agents' and editors'
 * settings, hooks, files that shells read.
 */
export const OBEYED: readonly string[] = [
  '.claude',
  '.cloche',
  '.codex',
  '.cursor',
  '.devcontainer',
  '.gemini',
  '.husky',
  '.idea',
  '.mcp.json',
  '.opencode',
  '.vscode',
  '.bash_profile',
  '.bashrc',
  '.envrc',
  '.profile',
  '.zprofile',
  '.zshenv',
  '.zshrc',
]
