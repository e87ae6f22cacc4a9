import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A key that no model takes, and the names of what tells Claude Code of it. */
export const MADE_UP_KEY = 'sk-test-of-cloche-0123456789abcdef'

export const CLAUDE_ENV: Readonly<Record<string, string>> = {
  ANTHROPIC_BASE_URL: 'http://model.test',
  ANTHROPIC_API_KEY: MADE_UP_KEY,
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
}

/** Lets them into a session. */
export const CLAUDE_VARIABLES = Object.keys(CLAUDE_ENV).map((name) => ({
  ...{ name, source: 'machine' as const, isSecret: false },
}))

/** Claude Code's folder, as it is after a person has answered its first questions. */
export async function signedInClaude(folder: string, workspace: string): Promise<void> {
  await mkdir(join(folder, '.claude'), { recursive: true })
  const settings = {
    ...{ hasCompletedOnboarding: true, theme: 'dark' },
    projects: { [workspace]: { hasTrustDialogAccepted: true } },
    customApiKeyResponses: { approved: [MADE_UP_KEY.slice(-20)], rejected: [] },
  }
  await writeFile(join(folder, '.claude/.claude.json'), JSON.stringify(settings))
}
