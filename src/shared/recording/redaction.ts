import { escaped } from './escaped.ts'

// What is taken out of a recording before it leaves this machine. Everything is replaced by as many
// marks, so that times, positions and the shape of a screen stay.

export interface Redaction {
  readonly id: string
  /** For a person, as the head of a list of what it found. */
  readonly name: string
  /** Global; what it matches is replaced whole. */
  readonly pattern: RegExp
}

export interface Found {
  readonly start: number
  readonly end: number
}

const MARK = '*'

const secret = (id: string, name: string, pattern: RegExp): Redaction => ({ id, name, pattern })

/** Forms of keys and tokens that say what they are, each as its maker documents it. */
export const KNOWN_SECRETS: readonly Redaction[] = [
  secret(
    'private-key',
    'Private keys',
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----/g,
  ),
  secret('anthropic', 'Anthropic keys', /\bsk-ant-[A-Za-z0-9_-]{20,}/g),
  secret('openai', 'OpenAI keys', /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}/g),
  secret(
    'github',
    'GitHub tokens',
    /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})/g,
  ),
  secret('gitlab', 'GitLab tokens', /\bglpat-[A-Za-z0-9_-]{20,}/g),
  secret('aws', 'AWS access keys', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g),
  secret('google', 'Google API keys', /\bAIza[A-Za-z0-9_-]{35}/g),
  secret('slack', 'Slack tokens', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g),
  secret('npm', 'npm tokens', /\bnpm_[A-Za-z0-9]{36}\b/g),
  secret('stripe', 'Stripe keys', /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/g),
  secret('jwt', 'JSON web tokens', /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g),
  secret(
    'bearer',
    'Authorization headers',
    /(?<=\b[Aa]uthorization: ?(?:[Bb]earer|[Bb]asic) )[A-Za-z0-9._~+/=-]{8,}/g,
  ),
  secret(
    'assigned',
    'Values of secret variables',
    /(?<=\b[A-Z][A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_KEY|PRIVATE_KEY)=["']?)[^\s"'*]{6,}/g,
  ),
  secret(
    'url-password',
    'Passwords in addresses',
    /(?<=\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]{1,64}:)[^\s/@*]{1,128}(?=@)/g,
  ),
]

/** The person's name in the paths of their home folder. */
export function homeRedaction(home: string): Redaction {
  const cut = home.lastIndexOf('/') + 1
  const pattern = `(?<=${escaped(home.slice(0, cut))})${escaped(home.slice(cut))}(?![\\w.-])`
  return { id: 'home', name: 'Your name in paths', pattern: new RegExp(pattern, 'g') }
}

/** A word the person chose; null: it is too short to be told from everyday words. */
export function wordRedaction(word: string): Redaction | null {
  const text = word.trim()
  if (text.length < 3) return null
  return { id: `word:${text}`, name: `“${text}”`, pattern: new RegExp(escaped(text), 'g') }
}

export const find = (text: string, { pattern }: Redaction): Found[] =>
  [...text.matchAll(pattern)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }))

export const redactText = (text: string, redactions: readonly Redaction[]): string =>
  redactions.reduce(
    (left, { pattern }) => left.replaceAll(pattern, (match) => MARK.repeat(match.length)),
    text,
  )

/** Every text in a value, however deep. The names of fields stay. */
export function redactDeep<T>(value: T, redactions: readonly Redaction[]): T
export function redactDeep(value: unknown, redactions: readonly Redaction[]): unknown {
  if (typeof value === 'string') return redactText(value, redactions)
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redactions))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, redactDeep(item, redactions)]),
  )
}
