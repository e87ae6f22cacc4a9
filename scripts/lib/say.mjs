import { createInterface } from 'node:readline/promises'

export const say = (line) => console.log(`cloche: ${line}`)

/** Ends with a sentence a person can act on. */
export function fail(sentence, code = 1) {
  console.error(`cloche: ${sentence}`)
  process.exit(code)
}

/** false when nobody is there to ask. */
export async function confirm(question) {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await lines.question(`cloche: ${question} [y/N] `)
  lines.close()
  return /^y(es)?$/i.test(answer.trim())
}
