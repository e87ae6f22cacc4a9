import { err, ok, type Result } from './result.ts'

/**
 * Splits a typed command line into words: blanks separate, single and double quotes and
 * backslashes quote. Nothing is expanded; a shell's operators are refused by name, since no shell
 * will read them.
 */
export function splitCommandLine(line: string): Result<string[], string> {
  const words: string[] = []
  let word: string | null = null
  let quote: '"' | "'" | null = null
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!
    if (quote) {
      if (char === quote) quote = null
      else if (char === '\\' && quote === '"' && at + 1 < line.length) word += line[++at]!
      else word += char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === '\\') {
      if (at + 1 >= line.length) return err('it ends with a lone backslash')
      word = (word ?? '') + line[++at]!
    } else if (char === ' ' || char === '\t') {
      if (word !== null) words.push(word)
      word = null
    } else if ('|&;<>`\n'.includes(char) || (char === '$' && line[at + 1] === '(')) {
      return err(
        `"${char === '\n' ? '\\n' : char}" is for a shell; write sh -c '…' around the whole command`,
      )
    } else {
      word = (word ?? '') + char
    }
  }
  if (quote) return err(`a ${quote} is not closed`)
  if (word !== null) words.push(word)
  return words.length > 0 ? ok(words) : err('it is empty')
}
