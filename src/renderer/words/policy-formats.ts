import type { PolicyFile } from '../../shared/domain/policy-file.ts'
import type {
  FileRefusal,
  ImportProblem,
  MappingReport,
  ReadFormat,
  WriteFormat,
} from '../../shared/domain/policy-formats.ts'
import { plural } from './format.ts'

export const FORMAT_NAMES: Readonly<Record<ReadFormat, string>> = {
  claude: 'Claude Code',
  srt: 'sandbox-runtime',
  codex: 'Codex',
  'codex-rules': 'Rules of Codex',
  gemini: 'Gemini CLI',
  opencode: 'OpenCode',
  opensnitch: 'OpenSnitch',
  lsrules: 'Little Snitch',
  devcontainer: 'Dev container',
}

/** Where a tool looks for what is written for it. */
export const WRITTEN_FOR: Readonly<
  Record<WriteFormat, { readonly place: string; readonly ending: string }>
> = {
  claude: { place: '~/.claude/settings.json', ending: 'claude.json' },
  srt: { place: '~/.srt-settings.json', ending: 'srt.json' },
  codex: { place: '~/.codex/config.toml', ending: 'codex.toml' },
  gemini: { place: '~/.gemini/policies/cloche.toml', ending: 'gemini.toml' },
  opencode: { place: '~/.config/opencode/opencode.json', ending: 'opencode.json' },
}

export const GROUP_NAMES: Readonly<Record<keyof MappingReport, string>> = {
  exact: 'Exactly',
  approximate: 'Approximately',
  dropped: 'Not at all',
}

/** "8 keys exactly, 4 approximately, 1 not at all" */
export const wordsOfCounts = ({ exact, approximate, dropped }: MappingReport): string =>
  `${plural(exact.length, 'key')} exactly, ${approximate.length} approximately, ${dropped.length} not at all`

export const REFUSAL_WORDS: Readonly<Record<FileRefusal, string>> = {
  gone: 'is gone',
  link: 'is a link, or in a linked folder',
  large: 'is larger than 256 KiB',
  unreadable: 'cannot be read',
}

/** What is wrong, and what to do about it. */
export function wordsOfImportProblem(problem: ImportProblem): string {
  switch (problem.type) {
    case 'empty':
      return 'There is nothing in it. Paste the settings, or choose a file.'
    case 'unparsable': {
      const where = problem.line === null ? '' : `, line ${problem.line}`
      return `It cannot be read as ${problem.as}${where}: ${problem.detail}. Correct it below, or paste all of the file.`
    }
    case 'unknown_format':
      return 'It does not say whose settings it is. Choose the tool, then read it again.'
    case 'refused':
      return `The file ${REFUSAL_WORDS[problem.refusal]}, so it was not read. Paste what stands in it.`
  }
}

const NETWORK_WORDS: Readonly<Record<NonNullable<PolicyFile['network']>, string>> = {
  closed: 'network closed',
  listed: 'only listed hosts',
  ask: 'other hosts ask',
}

/** "only listed hosts, 3 hosts allowed, 2 rules for files" */
export function summaryOfPolicy(policy: PolicyFile): string {
  const { level, network, allow = [], deny = [], files = [] } = policy
  const parts = [
    ...(level ? [`at least ${level}`] : []),
    ...(network ? [NETWORK_WORDS[network]] : []),
    ...(allow.length > 0 ? [`${plural(allow.length, 'host')} allowed`] : []),
    ...(deny.length > 0 ? [`${plural(deny.length, 'host')} denied`] : []),
    ...(files.length > 0 ? [`${plural(files.length, 'rule')} for files`] : []),
    ...(policy.maskSecrets ? ['secrets look empty'] : []),
    ...(policy.review ? ['on a copy'] : []),
    ...(policy.limits ? ['limits'] : []),
  ]
  return parts.join(', ') || 'says nothing'
}
