import { describe, expect, test } from 'vitest'
import { environmentNames } from '../../../src/main/procwatch/inspect.ts'
import { parseTable } from '../../../src/main/procwatch/net-tables.ts'

describe('names of an environment', () => {
  test('never hold a value, whatever is in it', () => {
    const text = 'A=1\0TOKEN=se=cret\0EMPTY=\0no equals\0=x\0A=2\0'
    expect(environmentNames(Buffer.from(text))).toEqual({
      names: ['A', 'EMPTY', 'TOKEN'],
      isCut: false,
    })
  })

  test('a cut text loses its last entry, which may be the middle of a value', () => {
    const text = `A=1\0B=${'x'.repeat(256 * 1024)}SECRET=1`
    expect(environmentNames(Buffer.from(text.slice(0, 256 * 1024)))).toEqual({
      names: ['A'],
      isCut: true,
    })
  })

  test('are bounded in number and length', () => {
    const text = Array.from({ length: 600 }, (_, i) => `N${i}${'y'.repeat(300)}=1`).join('\0')
    const { names, isCut } = environmentNames(Buffer.from(text))
    expect([names.length, Math.max(...names.map((name) => name.length)), isCut]).toEqual([
      512,
      256,
      true,
    ])
  })
})

test('rows of the kernel’s tables become addresses; sockets of others are left out', () => {
  const row = (local: string, remote: string, state: string, inode: string): string =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0 100 0 0 10 0`
  const table = [
    '  sl  local_address rem_address   st',
    row('0100007F:1F90', '0500000A:01BB', '01', '11'),
    row('00000000:0016', '00000000:0000', '0A', '12'),
    row('0100007F:1F91', '0500000A:01BB', '01', '99'),
  ].join('\n')
  expect(parseTable(table, 'tcp', new Set(['11', '12']))).toEqual([
    { protocol: 'tcp', local: '127.0.0.1:8080', remote: '10.0.0.5:443', state: 'established' },
    { protocol: 'tcp', local: '0.0.0.0:22', remote: null, state: 'listening' },
  ])
  const wide = row(
    'B80D0120000000000000000001000000:1F90',
    '00000000000000000000000000000000:0000',
    '07',
    '13',
  )
  expect(parseTable(`head\n${wide}`, 'udp', new Set(['13']))).toEqual([
    { protocol: 'udp', local: '[2001:db8::1]:8080', remote: null, state: 'open' },
  ])
})
