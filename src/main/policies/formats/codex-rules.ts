import { createMapping, type Mapped } from './mapping.ts'

/** A call at the beginning of a line, as `.rules` of Codex are made of. */
const CALL = /^(prefix_rule|network_rule|host_executable)[ \t]*\(/gm
const MOST_CALLS = 2000

export const isCodexRules = (text: string): boolean => text.search(CALL) >= 0

/**
 * `~/.codex/rules/*.rules`: which commands it may run unasked, which is the agent's own matter, and which
 * hosts its own proxy lets through.
 */
export function fromCodexRules(text: string): Mapped {
  const mapping = createMapping()
  for (const { name, words } of callsIn(text)) {
    const said = (key: string): string | null =>
      new RegExp(`\\b${key}\\s*=\\s*["']([^"']*)["']`).exec(words)?.[1] ?? null
    const decision = said('decision') ?? 'allow'
    const host = said('host')
    const key = `${name} ${name === 'network_rule' ? `${host} ${decision}` : oneLine(words)}`
    if (name !== 'network_rule')
      mapping.drop(key, 'commands are the agent’s; the boundary knows files and hosts')
    else if (host === null) mapping.drop(key, 'it names no host')
    else if (decision === 'prompt') mapping.drop(key, 'what is not listed asks here as well')
    else
      mapping.host(
        key,
        decision === 'allow' ? 'allow' : 'deny',
        host,
        said('protocol') === null ? undefined : 'for every protocol',
      )
  }
  return mapping.done()
}

interface Call {
  readonly name: string
  /** What stands between its brackets. */
  readonly words: string
}

function callsIn(text: string): Call[] {
  const calls: Call[] = []
  for (const match of text.matchAll(CALL)) {
    if (calls.length >= MOST_CALLS) break
    const from = match.index + match[0].length
    calls.push({ name: match[1] ?? '', words: text.slice(from, endOf(text, from)) })
  }
  return calls
}

/** Where the bracket closes that was opened before `from`; what stands in quotes closes nothing. */
function endOf(text: string, from: number): number {
  let depth = 1
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const letter = text[at] ?? ''
    if (quote !== '') {
      if (letter === '\\') at++
      else if (letter === quote) quote = ''
    } else if (letter === '"' || letter === "'") quote = letter
    else if (letter === '(') depth++
    else if (letter === ')' && --depth === 0) return at
  }
  return text.length
}

const oneLine = (words: string): string => words.replaceAll(/\s+/g, ' ').trim().slice(0, 200)
