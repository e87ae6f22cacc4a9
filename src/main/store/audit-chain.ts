import { createHash } from 'node:crypto'
import { AuditEntry, type AuditVerdict } from '../../shared/domain/audit.ts'

// A line of the log: the SHA-256 of the line before it and this entry, a space, the entry as JSON.
// Whoever changes, removes or puts in an entry has to write every later line anew; the head, a file of
// its own, says where the log ended, so that its end cannot be cut off unseen either.

export const FIRST_LINK = '0'.repeat(64)
const HASH = /^[0-9a-f]{64}$/
/** Where the entry begins in a line. */
export const JSON_AT = 65

export interface Head {
  readonly n: number
  readonly hash: string
}

export const linkOf = (previous: string, json: string): string =>
  createHash('sha256').update(`${previous}\n${json}`).digest('hex')

export interface Line {
  readonly hash: string
  readonly json: string
  readonly entry: AuditEntry
}

/** null: it is no line of a log. */
export function parseLine(text: string): Line | null {
  const hash = text.slice(0, 64)
  const json = text.slice(JSON_AT)
  if (!HASH.test(hash) || text[64] !== ' ') return null
  try {
    const entry = AuditEntry.safeParse(JSON.parse(json))
    return entry.success ? { hash, json, entry: entry.data } : null
  } catch {
    return null
  }
}

/** Follows the chain from its beginning. `head` null: none was kept. */
export function verifyChain(lines: readonly string[], head: Head | null): AuditVerdict {
  let previous = FIRST_LINK
  let n = 0
  for (const [index, text] of lines.entries()) {
    const broken = (detail: string): AuditVerdict => ({ result: 'broken', line: index + 1, detail })
    const line = parseLine(text)
    if (!line) return broken('It is no entry: it was damaged, or something else was written there.')
    if (line.entry.n !== n + 1)
      return broken(
        `Entry ${n + 1} is expected here, and ${line.entry.n} stands: entries were removed or put in.`,
      )
    if (linkOf(previous, line.json) !== line.hash)
      return broken(
        `Entry ${line.entry.n} is not what was written, or not after what was before it.`,
      )
    previous = line.hash
    n++
  }
  if (head && head.n > n)
    return {
      result: 'broken',
      line: n + 1,
      detail: `The log ends after entry ${n}, and ${head.n} were written: its end was cut off.`,
    }
  if (head && head.n === n && n > 0 && head.hash !== previous)
    return { result: 'broken', line: n, detail: 'The whole log was written anew.' }
  return { result: 'whole', entries: n }
}
