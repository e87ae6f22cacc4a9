/**
 * The interpreter that the first line of a script names, without its `#!`: a path, or for
 * `/usr/bin/env node` the name to look for. `null`: it names none.
 */
export function interpreterIn(line: string): string | null {
  const [program = '', ...rest] = line.trim().split(/\s+/)
  if (!/(^|\/)env$/.test(program)) return program || null
  return rest.find((word) => !word.startsWith('-') && !word.includes('=')) ?? null
}
