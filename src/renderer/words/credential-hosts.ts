/** Where the usual credentials of agents and tools are meant to go; a proposal to be read. */
const HOSTS: Readonly<Record<string, readonly string[]>> = {
  ANTHROPIC_API_KEY: ['api.anthropic.com'],
  ANTHROPIC_AUTH_TOKEN: ['api.anthropic.com'],
  CLAUDE_CODE_OAUTH_TOKEN: ['api.anthropic.com'],
  OPENAI_API_KEY: ['api.openai.com'],
  CODEX_API_KEY: ['api.openai.com'],
  GEMINI_API_KEY: ['generativelanguage.googleapis.com'],
  GOOGLE_API_KEY: ['generativelanguage.googleapis.com'],
  OPENROUTER_API_KEY: ['openrouter.ai'],
  GH_TOKEN: ['api.github.com', 'github.com'],
  GITHUB_TOKEN: ['api.github.com', 'github.com'],
  GITLAB_TOKEN: ['gitlab.com'],
  HF_TOKEN: ['huggingface.co'],
}

export const hostsFor = (variable: string): readonly string[] => HOSTS[variable] ?? []
