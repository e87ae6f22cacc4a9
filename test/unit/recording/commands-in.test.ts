import { expect, test } from 'vitest'
import { commandsIn } from '../../../src/shared/recording/commands-in.ts'
import type { TerminalRecord } from '../../../src/shared/terminal-log.ts'

const output = (monoMs: number, text: string): TerminalRecord => ({
  ...{ kind: 'output', monoMs },
  bytes: new TextEncoder().encode(text),
})

test('commands are marked where they begin to write, with their line where it is told', () => {
  const records = [
    output(1, '\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x07'),
    output(2, 'a b\x1b]133;D;0\x07'),
    output(3, String.raw`x` + '\x1b]633;E;echo a\\x3bb \\\\ c;nonce\x07\x1b]633;C\x07'),
  ]
  expect(commandsIn(records)).toEqual([
    { atMs: 1, label: 'Command' },
    { atMs: 3, label: 'echo a;b \\ c' },
  ])
})

test('a sign that is cut anywhere is found once', () => {
  const whole = 'before\x1b]633;E;make;\x1b\\\x1b]633;C\x1b\\after'
  for (let at = 0; at <= whole.length; at++)
    expect(commandsIn([output(1, whole.slice(0, at)), output(2, whole.slice(at))])).toMatchObject([
      { label: 'make' },
    ])
})

test('what only looks like one is none', () => {
  expect(
    commandsIn([output(1, '\x1b]0;title\x07133;C'), output(2, '\x1b]133;'.repeat(3000))]),
  ).toEqual([])
})
