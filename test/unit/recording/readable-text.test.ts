import { describe, expect, test } from 'vitest'
import {
  findingsIn,
  nearest,
  patternOf,
  readableText,
} from '../../../src/shared/recording/readable-text.ts'
import type { TerminalRecord } from '../../../src/shared/terminal-log.ts'

const output = (monoMs: number, text: string): TerminalRecord => ({
  ...{ kind: 'output', monoMs },
  bytes: new TextEncoder().encode(text),
})

test.each([
  ['\x1b[1;31mred\x1b[0m and \x1b]0;a title\x07plain', 'red and plain'],
  ['one\r\ntwo\x1b[2;5Hthree', 'one\ntwo three'],
  ['\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\', 'link'],
  ['a\x1b(Bb\x1b=c\x1b7d\x1bPq#0\x1b\\e', 'abcde'],
  ['tab\there\x00', 'tabhere'],
])('%j reads %j', (written, read) => {
  expect(readableText([output(1, written)]).text).toBe(read)
})

test('a sequence that is cut anywhere leaves nothing behind', () => {
  const whole = 'a\x1b[38;5;196mb\x1b]0;title\x1b\\c€d'
  const bytes = new TextEncoder().encode(whole)
  for (let at = 0; at <= bytes.length; at++) {
    const pieces: TerminalRecord[] = [
      { kind: 'output', monoMs: 1, bytes: bytes.slice(0, at) },
      { kind: 'output', monoMs: 2, bytes: bytes.slice(at) },
    ]
    expect(readableText(pieces).text).toBe('abc€d')
  }
})

describe('a search through a recording', () => {
  const text = readableText([
    output(100, 'first \x1b[1mError\x1b[0m: no\r\n'),
    output(200, 'second er'),
    output(300, 'ror: no'),
    output(400, 'third error  :\r\nno'),
  ])
  const times = (words: string): number[] => {
    const pattern = patternOf(words)
    return pattern ? [...findingsIn(text, pattern)].map(({ atMs }) => atMs) : []
  }
  test('goes on from a moment, both ways, and around the end', () => {
    expect(nearest(times('error'), 0, 1)).toEqual({ atMs: 100, number: 1, count: 3 })
    expect(nearest(times('error'), 100, 1)).toEqual({ atMs: 200, number: 2, count: 3 })
    expect(nearest(times('error'), 400, 1)).toEqual({ atMs: 100, number: 1, count: 3 })
    expect(nearest(times('error'), 400, -1)).toEqual({ atMs: 200, number: 2, count: 3 })
    expect(nearest(times('error'), 100, -1)).toEqual({ atMs: 400, number: 3, count: 3 })
  })
  test('takes signs as they are, any white space for a space, and nothing for nothing', () => {
    expect(times(': no').length).toBe(3)
    expect(nearest(times('err.r'), 0, 1)).toBeNull()
    expect(nearest(times('  '), 0, 1)).toBeNull()
  })
})
