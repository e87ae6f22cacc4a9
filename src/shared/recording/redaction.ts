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

/**
 * No match is longer, and none looks back further than the second: so a text can be looked through by
 * parts. What goes on for longer is no secret of these forms.
 */
export const MOST_MATCH = 32 * 1024
export const MOST_BEFORE = 1024

const secret = (id: string, name: string, pattern: RegExp): Redaction => ({ id, name, pattern })

/** Forms of keys and tokens that say what they are, each as its maker documents it. */
export const KNOWN_SECRETS: readonly Redaction[] = [
  secret(
    'private-key',
    'Private keys',
    /-----BEGIN [A-Z ]{0,64}PRIVATE KEY-----[^-]{0,30000}-----END [A-Z ]{0,64}PRIVATE KEY-----/g,
  ),
  secret('anthropic', 'Anthropic keys', /\bsk-ant-[A-Za-z0-9_-]{20,8192}/g),
  secret('openai', 'OpenAI keys', /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,8192}/g),
  secret(
    'github',
    'GitHub tokens',
    /\b(?:gh[pousr]_[A-Za-z0-9]{36,8192}|github_pat_[A-Za-z0-9_]{22,8192})/g,
  ),
  secret('gitlab', 'GitLab tokens', /\bglpat-[A-Za-z0-9_-]{20,8192}/g),
  secret('aws', 'AWS access keys', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g),
  secret('google', 'Google API keys', /\bAIza[A-Za-z0-9_-]{35}/g),
  secret('slack', 'Slack tokens', /\bxox[abeoprs]-[A-Za-z0-9-]{10,8192}/g),
  secret('npm', 'npm tokens', /\bnpm_[A-Za-z0-9]{36}\b/g),
  secret('stripe', 'Stripe keys', /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,8192}/g),
  secret(
    'jwt',
    'JSON web tokens',
    /\beyJ[A-Za-z0-9_-]{8,8192}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{0,8192}/g,
  ),
  secret(
    'bearer',
    'Authorization headers',
    /(?<=\b[Aa]uthorization: ?(?:[Bb]earer|[Bb]asic) )[A-Za-z0-9._~+/=-]{8,30000}/g,
  ),
  secret(
    'assigned',
    'Values of secret variables',
    /(?<=\b[A-Z][A-Z0-9_]{0,200}(?:TOKEN|SECRET|PASSWORD|PASSWD|API_KEY|PRIVATE_KEY)=["']?)[^\s"'*]{6,30000}/g,
  ),
  secret(
    'url-password',
    'Passwords in addresses',
    /(?<=\b[a-z][a-z0-9+.-]{0,64}:\/\/[^\s/:@]{1,64}:)[^\s/@*]{1,128}(?=@)/g,
  ),
]

/** The person's name in the paths of their home folder. */
export function homeRedaction(home: string): Redaction {
  const cut = home.lastIndexOf('/') + 1
  const patterns = bothWays(home).map((path, at) => {
    const folder = bothWays(home.slice(0, cut))[at] ?? ''
    return `(?<=${escaped(folder)})${escaped(path.slice(folder.length))}(?![\\w.-])`
  })
  return { id: 'home', name: 'Your name in paths', pattern: new RegExp(patterns.join('|'), 'g') }
}

const LEAST_WORD = 3
export const MOST_WORD = 200

/** A word the person chose; null: it is too short to be told from everyday words, or too long. */
export function wordRedaction(word: string): Redaction | null {
  const text = word.trim()
  if (text.length < LEAST_WORD || text.length > MOST_WORD) return null
  const pattern = new RegExp(bothWays(text).map(escaped).join('|'), 'g')
  return { id: `word:${text}`, name: `“${text}”`, pattern }
}

/** As it stands in a text, and as in a terminal's output, of which each byte is a character. */
function bothWays(text: string): string[] {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text))
  return bytes === text ? [text] : [text, bytes]
}

export const find = (text: string, { pattern }: Pick<Redaction, 'pattern'>): Found[] =>
  [...text.matchAll(pattern)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }))

export const starred = (length: number): string => MARK.repeat(length)

/** Told of every replacement, by the place of its redaction in the list. */
export type Counted = (redaction: number) => void

export const redactText = (
  text: string,
  redactions: readonly Pick<Redaction, 'pattern'>[],
  counted?: Counted,
): string =>
  redactions.reduce(
    (left, { pattern }, number) =>
      left.replaceAll(pattern, (match) => {
        counted?.(number)
        return starred(match.length)
      }),
    text,
  )

/** Every text in a value, however deep. The names of fields stay. */
export function redactDeep<T>(value: T, redactions: readonly Redaction[], counted?: Counted): T
export function redactDeep(
  value: unknown,
  redactions: readonly Redaction[],
  counted?: Counted,
): unknown {
  if (typeof value === 'string') return redactText(value, redactions, counted)
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redactions, counted))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, redactDeep(item, redactions, counted)]),
  )
}

/** Every text in a value, apart from each other so that nothing is found across two. */
export function textsOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || typeof value !== 'object') return ''
  return Object.values(value)
    .map(textsOf)
    .filter((text) => text !== '')
    .join('\n')
}

/** Any of them finds something in one of these texts, or in several together; else all of them stay as they are. */
export function mayFindIn(texts: readonly string[], redactions: readonly Redaction[]): boolean {
  const all = texts.join('\n')
  return redactions.some(({ pattern }) => all.search(pattern) !== -1)
}
