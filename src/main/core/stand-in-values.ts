import { randomBytes } from 'node:crypto'

/** Beginnings by which programs recognise a key of theirs; a stand-in keeps them. */
const PREFIX =
  /^(sk-ant-[a-z]+\d\d-|sk-(proj|svcacct|or-v1)-|sk-|gh[opsur]_|github_pat_|glpat-|AIza|xox[abp]-|hf_|npm_)/
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** Fewer could be guessed, or be in a text by chance. */
const FEWEST = 24

/** What a program inside sees in place of a value: it looks alike, and is worth nothing. */
export function makeStandIn(value: string): string {
  const prefix = PREFIX.exec(value)?.[0] ?? ''
  const length = Math.max(FEWEST, value.length - prefix.length)
  const letters = [...randomBytes(length)].map((byte) => LETTERS[byte % LETTERS.length] ?? 'x')
  return prefix + letters.join('')
}
