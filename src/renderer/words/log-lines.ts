/** A line that is shown: where it stands in the whole, and its text, cut where something was found. */
export interface LogLine {
  /** From 1. */
  readonly at: number
  /** Every second one is what was looked for; the first may be empty. */
  readonly pieces: readonly string[]
}

export interface FoundLines {
  readonly lines: readonly LogLine[]
  /** Of what is looked for, which may be in a line more than once; 0 while nothing is. */
  readonly hits: number
}

/** Lines that have `wanted` in them, in capitals or not; all of them while it is empty. */
export function findLines(lines: readonly string[], wanted: string): FoundLines {
  if (wanted === '')
    return { lines: lines.map((text, index) => ({ at: index + 1, pieces: [text] })), hits: 0 }
  const found: LogLine[] = []
  let hits = 0
  const pattern = new RegExp(`(${wanted.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')})`, 'i')
  for (const [index, text] of lines.entries()) {
    // With a group, what it is cut at stays.
    const pieces = text.split(pattern)
    if (pieces.length === 1) continue
    hits += (pieces.length - 1) / 2
    found.push({ at: index + 1, pieces })
  }
  return { lines: found, hits }
}
