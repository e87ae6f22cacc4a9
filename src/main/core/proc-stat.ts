/** One line of /proc/PID/stat, taken apart. */
export interface StatLine {
  readonly pid: number
  /** The kernel's name of it; agent-controlled text. */
  readonly comm: string
  readonly state: string
  /** How many fields there are, counted as proc(5) does. */
  readonly count: number
  /** Field by proc(5)'s number, from 3 on; `0` where an older kernel has none. */
  field(number: number): string
}

/** null when the text is no stat line. The name may itself hold blanks, brackets and newlines. */
export function splitStat(text: string): StatLine | null {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 1 || close < open) return null
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ')
  const field = (number: number): string => fields[number - 3] ?? '0'
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state: field(3),
    count: fields.length + 2,
    field,
  }
}

/** Ended, and only not reaped yet: it holds nothing and runs nothing any more. */
export const hasEnded = ({ state }: Pick<StatLine, 'state'>): boolean =>
  state === 'Z' || state === 'X'

/** With the pid, a name that no later process can have: clock ticks since boot. */
export const startTicksOf = (line: StatLine): number => Number(line.field(22))
