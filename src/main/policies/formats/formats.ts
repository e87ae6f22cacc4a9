import { parse as parseJsonc, type ParseError } from 'jsonc-parser'
import { parse as parseToml, TomlError } from 'smol-toml'
import type { PolicyFile } from '../../../shared/domain/policy-file.ts'
import type {
  ImportProblem,
  MappingReport,
  ReadFormat,
  WriteFormat,
} from '../../../shared/domain/policy-formats.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import { lineAt, TOO_DEEP, wordsOfParseError } from '../parse-policy.ts'
import { CLAUDE_SAYING, fromClaude, toClaude } from './claude.ts'
import { CODEX_SAYING, fromCodex, toCodex } from './codex.ts'
import { type Mapped, recordOf } from './mapping.ts'
import { fromCodexRules, isCodexRules } from './codex-rules.ts'
import { fromDevContainer } from './devcontainer.ts'
import { fromGemini, fromLittleSnitch, fromOpenCode, fromOpenSnitch } from './others.ts'
import { GEMINI_SAYING, OPENCODE_SAYING, toGemini, toOpenCode } from './own-tools.ts'
import { type Saying, sayIn } from './saying.ts'
import { fromSrt, SRT_SAYING, toSrt } from './srt.ts'

const READERS: Readonly<Record<Exclude<ReadFormat, 'codex-rules'>, (value: unknown) => Mapped>> = {
  claude: fromClaude,
  srt: fromSrt,
  codex: fromCodex,
  gemini: fromGemini,
  opencode: fromOpenCode,
  opensnitch: fromOpenSnitch,
  lsrules: fromLittleSnitch,
  devcontainer: fromDevContainer,
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
interface Writer {
  readonly saying: Saying
  readonly write: (policy: PolicyFile) => string
}
const WRITERS: Readonly<Record<WriteFormat, Writer>> = {
  claude: { saying: CLAUDE_SAYING, write: (policy) => json(toClaude(policy)) },
  srt: { saying: SRT_SAYING, write: (policy) => json(toSrt(policy)) },
  codex: { saying: CODEX_SAYING, write: toCodex },
  gemini: { saying: GEMINI_SAYING, write: toGemini },
  opencode: { saying: OPENCODE_SAYING, write: (policy) => json(toOpenCode(policy)) },
}

/** Each is in some real file of that tool that has none of the others. */
const CODEX_KEYS = [
  ...['sandbox_mode', 'sandbox_workspace_write', 'default_permissions', 'permissions'],
  ...['approval_policy', 'model', 'model_provider', 'model_providers', 'profile', 'profiles'],
  ...[
    'mcp_servers',
    'projects',
    'features',
    'shell_environment_policy',
    'notify',
    'tui',
    'history',
  ],
]
const DEV_CONTAINER_KEYS = [
  ...['image', 'build', 'dockerFile', 'dockerComposeFile', 'features', 'remoteUser', 'remoteEnv'],
  ...['containerEnv', 'containerUser', 'forwardPorts', 'postCreateCommand', 'runArgs'],
]

/** What the format is, by what only it has; null: none that is known. */
function formatOf(value: unknown, isToml: boolean): keyof typeof READERS | null {
  const keys = recordOf(value)
  const has = (...names: string[]): boolean => names.some((name) => keys[name] !== undefined)
  if (isToml) return has('rule') ? 'gemini' : has(...CODEX_KEYS) ? 'codex' : null
  if (has('permissions', 'sandbox')) return 'claude'
  if (has('permission')) return 'opencode'
  if (has('operator')) return 'opensnitch'
  if (has('denied-remote-domains', 'denied-remote-hosts', 'denied-remote-addresses', 'rules'))
    return 'lsrules'
  if (has('network', 'filesystem')) return 'srt'
  return has(...DEV_CONTAINER_KEYS) ? 'devcontainer' : null
}

export type Imported = Mapped & { readonly format: ReadFormat }
export type TextProblem = Exclude<ImportProblem, { readonly type: 'refused' }>

/** Another tool's file as a policy of ours. `format`: null: it is found out. */
export function importPolicy(
  text: string,
  format: ReadFormat | null = null,
): Result<Imported, TextProblem> {
  if (text.trim() === '') return err({ type: 'empty' })
  if (format === 'codex-rules' || (format === null && isCodexRules(text)))
    return ok({ ...fromCodexRules(text), format: 'codex-rules' })
  const parsed = parse(text)
  if (!parsed.ok) return parsed
  const { value, isToml } = parsed.value
  const found = format ?? formatOf(value, isToml)
  return found ? ok({ ...READERS[found](value), format: found }) : err({ type: 'unknown_format' })
}

/** JSON with comments, else TOML. What is neither is told as what it looks like. */
function parse(
  text: string,
): Result<{ readonly value: unknown; readonly isToml: boolean }, TextProblem> {
  const errors: ParseError[] = []
  let value: unknown
  try {
    value = parseJsonc(text, errors, { allowTrailingComma: true })
  } catch {
    return err({ type: 'unparsable', as: 'JSON', line: null, detail: TOO_DEEP })
  }
  const [first] = errors
  if (!first) return ok({ value, isToml: false })
  try {
    return ok({ value: parseToml(text), isToml: true })
  } catch (cause) {
    // A table of TOML begins with a bracket as well, and goes on with a name.
    if (/^\s*(\{|\[\s*[[{"\]])/.test(text))
      return err({
        ...{ type: 'unparsable', as: 'JSON', line: lineAt(text, first.offset) },
        detail: wordsOfParseError(first),
      })
    const [, detail = 'it cannot be read'] =
      /^(?:Invalid TOML document: )?(.*)/.exec(cause instanceof Error ? cause.message : '') ?? []
    const line = cause instanceof TomlError ? cause.line : null
    return err({ type: 'unparsable', as: 'TOML', line, detail })
  }
}

/** For another tool, and of each key how well that tool says it. */
export function exportPolicy(
  policy: PolicyFile,
  format: WriteFormat,
): { readonly text: string; readonly report: MappingReport } {
  const { saying, write } = WRITERS[format]
  const said = sayIn(saying, policy)
  return { text: write(said.policy), report: said.report }
}
