import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { naively } from './outside.ts'
import { type Place, runInside, startInTerminal } from './sandbox.ts'

/** The program that makes one attempt; it lies in the workspace, so both sides see it. */
export function compileEscapes(place: Place): string {
  const program = join(place.workspace, 'escapes')
  const source = resolve(import.meta.dirname, '../fixtures/escapes.c')
  execFileSync('gcc', ['-O1', '-o', program, source])
  return program
}

/** How an attempt went: `ok`, the number of an error, or the signal that ended it. */
export async function tryOutside(argv: readonly string[]): Promise<string> {
  const terminal = startInTerminal({ file: argv[0]!, args: argv.slice(1), env: {}, cwd: '/' })
  const { exitCode, signal } = await terminal.exited
  return outcome(terminal.output(), signal || (exitCode > 128 ? exitCode - 128 : undefined))
}

export const tryNaively = (argv: readonly string[]): Promise<string> => tryOutside(naively(argv))

export async function tryInside(place: Place, argv: readonly string[]): Promise<string> {
  const { code, output } = await runInside(place, argv)
  // A shell's and bubblewrap's way to say that a signal ended the program.
  return outcome(output, code > 128 ? code - 128 : undefined)
}

const outcome = (output: string, signal: number | undefined): string =>
  /outcome=(\w+)/.exec(output)?.[1] ?? (signal ? `signal ${signal}` : `none: ${output}`)
