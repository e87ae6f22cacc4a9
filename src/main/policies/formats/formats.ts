import { parse as parseJsonc, type ParseError } from 'jsonc-parser'
import { parse as parseToml } from 'smol-toml'
import type { PolicyFile } from '../../../shared/domain/policy-file.ts'
import { err, ok, type Result } from '../../../shared/result.ts'
import { fromClaude, toClaude } from './claude.ts'
import { fromCodex, toCodex } from './codex.ts'
import { type Mapped, recordOf } from './mapping.ts'
import { fromGemini, fromLittleSnitch, fromOpenCode, fromOpenSnitch } from './others.ts'
import { fromSrt, toSrt } from './srt.ts'

const READERS = {
  claude: fromClaude,
  srt: fromSrt,
  opencode: fromOpenCode,
  opensnitch: fromOpenSnitch,
  lsrules: fromLittleSnitch,
  codex: fromCodex,
  gemini: fromGemini,
} as const
export type ReadFormat = keyof typeof READERS
export const READ_FORMATS = Object.keys(READERS).filter((name): name is ReadFormat =>
  Object.hasOwn(READERS, name),
)

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
const WRITERS = {
  claude: (policy: PolicyFile) => json(toClaude(policy)),
  srt: (policy: PolicyFile) => json(toSrt(policy)),
  codex: toCodex,
} as const
export type WriteFormat = keyof typeof WRITERS
export const WRITE_FORMATS = Object.keys(WRITERS).filter((name): name is WriteFormat =>
  Object.hasOwn(WRITERS, name),
)

/** What the format is, by what only it has; null: none that is known. */
function formatOf(value: unknown, isToml: boolean): ReadFormat | null {
  const keys = recordOf(value)
  const has = (...names: string[]): boolean => names.some((name) => keys[name] !== undefined)
  if (isToml) return has('rule') ? 'gemini' : 'codex'
  if (has('permissions', 'sandbox')) return 'claude'
  if (has('permission')) return 'opencode'
  if (has('operator')) return 'opensnitch'
  if (has('denied-remote-domains', 'denied-remote-hosts', 'denied-remote-addresses', 'rules'))
    return 'lsrules'
  return has('network', 'filesystem') ? 'srt' : null
}

/** Another tool's file as a policy of ours; `err`: a sentence. `format`: absent: it is found out. */
export function importPolicy(
  text: string,
  format?: ReadFormat,
): Result<Mapped & { readonly format: ReadFormat }, string> {
  const errors: ParseError[] = []
  let value: unknown = parseJsonc(text, errors, { allowTrailingComma: true })
  const isToml = errors.length > 0
  if (isToml)
    try {
      value = parseToml(text)
    } catch (cause) {
      return err(
        `It is neither JSON nor TOML: ${cause instanceof Error ? cause.message.split('\n')[0] : ''}.`,
      )
    }
  const found = format ?? formatOf(value, isToml)
  if (!found) return err(`It is no file that is known here. Say which: ${READ_FORMATS.join(', ')}.`)
  return ok({ ...READERS[found](value), format: found })
}

export const exportPolicy = (policy: PolicyFile, format: WriteFormat): string =>
  WRITERS[format](policy)
