/**
 * A reader of macOS sandbox profiles, enough to ask "what would this decide?": rules in order, the
 * last that fits counts, nothing fits means the default. It stands in for a Mac, which we have not.
 */
type Form = string | readonly Form[]

export interface Question {
  readonly operation: string
  /** A path, or `localhost:PORT`, or a service. */
  readonly subject: string
}

/** Throws where the text is no profile. */
export function parseProfile(text: string): Form[] {
  const forms: Form[] = []
  const open: Form[][] = [forms]
  const token = /;[^\n]*|#"((?:[^"])*)"|"((?:[^"\\]|\\.)*)"|[()]|[^\s()";]+|\s+/gy
  let at = 0
  for (let match = token.exec(text); match; match = token.exec(text)) {
    at = token.lastIndex
    const [word, regex, string] = match
    if (/^(\s|;)/.test(word)) continue
    const inner = open.at(-1)
    if (!inner) throw new Error('a bracket too many is closed')
    if (word === '(') {
      const form: Form[] = []
      inner.push(form)
      open.push(form)
    } else if (word === ')') {
      open.pop()
      if (open.length === 0) throw new Error('a bracket too many is closed')
    } else if (regex !== undefined) inner.push(`regex:${regex}`)
    else if (string !== undefined) inner.push(`string:${string}`)
    else inner.push(word)
  }
  if (at !== text.length)
    throw new Error(`no profile from ${JSON.stringify(text.slice(at, at + 20))}`)
  if (open.length !== 1) throw new Error('a bracket is left open')
  return forms
}

export function decide(
  forms: readonly Form[],
  parameters: ReadonlyMap<string, string>,
  { operation, subject }: Question,
): 'allow' | 'deny' {
  let decision: 'allow' | 'deny' = 'deny'
  for (const form of forms) {
    const [action, ...rest] = form
    if (action !== 'allow' && action !== 'deny') continue
    const operations = rest.filter((item): item is string => typeof item === 'string')
    const filters = rest.filter((item): item is readonly Form[] => typeof item !== 'string')
    if (!operations.some((item) => covers(item, operation))) continue
    if (filters.length === 0 || filters.some((filter) => fits(filter, parameters, subject)))
      decision = action
  }
  return decision
}

const covers = (rule: string, operation: string): boolean =>
  rule === 'default' ||
  rule === operation ||
  (rule.endsWith('*') && operation.startsWith(rule.slice(0, -1)))

function fits(
  [kind, ...values]: readonly Form[],
  parameters: ReadonlyMap<string, string>,
  subject: string,
): boolean {
  const value = values.at(-1)
  const text = Array.isArray(value) ? parameterOf(value, parameters) : plain(String(value))
  switch (kind) {
    case 'literal':
      return subject === text
    case 'subpath':
      return subject === text || subject.startsWith(`${text}/`)
    case 'regex':
      return new RegExp(text, 's').test(subject)
    case 'global-name':
    case 'socket-domain':
    case 'iokit-registry-entry-class':
    case 'remote':
      return subject === text
    case 'local':
      return subject.startsWith(text.replace('*', ''))
    case 'target':
      return subject === text
    default:
      throw new Error(`unknown filter ${String(kind)}`)
  }
}

const plain = (text: string): string => text.replace(/^(regex|string):/, '')

function parameterOf(form: readonly Form[], parameters: ReadonlyMap<string, string>): string {
  const [word, name] = form
  const value = word === 'param' ? parameters.get(plain(String(name))) : undefined
  if (value === undefined) throw new Error(`no such parameter: ${JSON.stringify(form)}`)
  return value
}
