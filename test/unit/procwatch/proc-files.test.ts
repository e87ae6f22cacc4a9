import { describe, expect, test } from 'vitest'
import {
  parseCmdline,
  parseInnerPid,
  parseStat,
  waitStatus,
} from '../../../src/main/procwatch/proc-files.ts'

/** A stat line with 52 fields, each numbered unless given. */
function stat(comm: string, fields: Readonly<Record<number, string | number>> = {}): string {
  const rest = Array.from({ length: 50 }, (_, i) => String(fields[i + 3] ?? 0))
  return `42 (${comm}) ${rest.join(' ')}\n`
}
const LIVE = { 3: 'S', 4: 7, 14: 120, 15: 30, 22: 98765, 24: 256, 26: 11, 28: 22, 48: 33 }

describe('a stat line', () => {
  test('is read by field', () => {
    expect(parseStat(stat('node', LIVE))).toEqual({
      pid: 42,
      comm: 'node',
      state: 'S',
      ppid: 7,
      startTicks: 98765,
      cpuTicks: 150,
      rssBytes: 256 * 4096,
      image: 'node 11 22 33',
      exit: null,
    })
  })

  test.each(['a b', 'a) S 1 (b', '((', '))', 'line\nbreak', '', ') Z 1 1 1'])(
    'survives the name %j',
    (comm) => {
      expect(parseStat(stat(comm, LIVE))).toMatchObject({ comm, state: 'S', ppid: 7 })
    },
  )

  test('tells how an ended process ended, and only then', () => {
    const ended = (status: number) => parseStat(stat('sh', { ...LIVE, 3: 'Z', 52: status }))?.exit
    expect([ended(0), ended(3 << 8), ended(9)]).toEqual([
      { kind: 'exited', code: 0 },
      { kind: 'exited', code: 3 },
      { kind: 'signalled', signal: 'SIGKILL' },
    ])
    expect(parseStat(stat('sh', { ...LIVE, 52: 256 }))?.exit).toBeNull()
    expect(parseStat(stat('sh', { ...LIVE, 3: 'Z', 20: 3, 52: 256 }))?.exit).toBeNull()
  })

  test.each(['', '42', '42 (sh', '42 (sh) S 1', 'x (sh) S 1 2 3', ')('])(
    'is refused when it is damaged: %j',
    (text) => expect(parseStat(text)).toBeNull(),
  )
})

test('a wait status with a core dump is still the signal', () => {
  expect(waitStatus(0x80 | 11)).toEqual({ kind: 'signalled', signal: 'SIGSEGV' })
})

describe('arguments', () => {
  test('are split at NUL; empty ones stay', () => {
    expect(parseCmdline(Buffer.from('sh\0-c\0\0x y\0'))).toEqual(['sh', '-c', '', 'x y'])
    expect(parseCmdline(Buffer.alloc(0))).toEqual([])
    expect(parseCmdline(Buffer.from('renamed title'))).toEqual(['renamed title'])
  })

  test('are capped in number and size', () => {
    const many = parseCmdline(Buffer.from('a\0'.repeat(100)))
    expect([many.length, many.at(-1)]).toEqual([64, '…'])
    const long = parseCmdline(Buffer.from(`sh\0${'x'.repeat(9000)}\0`))
    expect(long.at(-1)).toBe('…')
    expect(long.join('').length).toBeLessThan(4200)
  })

  test('may be no valid text', () => {
    expect(parseCmdline(Buffer.from([0x61, 0xff, 0x00]))).toEqual(['a\ufffd'])
  })
})

test('the inner pid is the last of several', () => {
  expect(parseInnerPid('Name:\tsh\nNSpid:\t4242\t17\t3\nState:\tS\n')).toBe(3)
  expect(parseInnerPid('Name:\tsh\nNSpid:\t4242\n')).toBeNull()
  expect(parseInnerPid('Name:\tsh\n')).toBeNull()
})
