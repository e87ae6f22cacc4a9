import { describe, expect, test } from 'vitest'
import { createRecordDecoder } from '../../../src/main/procwatch/event-records.ts'
import { record } from '../../helpers/event-record.ts'

const decode = (...records: Buffer[]) => createRecordDecoder().decode(Buffer.concat(records))
const statLine = (pid: number, ticks: number): string =>
  `${pid} (a) b) S ${Array.from({ length: 49 }, (_, i) => (i + 4 === 22 ? ticks : 0)).join(' ')}\n`

test('records come whole, however the bytes are cut', () => {
  const bytes = Buffer.concat([
    record({ kind: 7 }),
    record({ kind: 2, texts: [null, 'sh\0-c\0x\0', '/bin/sh', '/w'] }),
    record({ kind: 3, status: 0x0700 }),
  ])
  for (let cut = 1; cut < bytes.length; cut++) {
    const decoder = createRecordDecoder()
    const records = [
      ...decoder.decode(bytes.subarray(0, cut)),
      ...decoder.decode(bytes.subarray(cut)),
    ]
    expect(records).toEqual([
      { type: 'ready', atMonoMs: 0 },
      {
        type: 'executed',
        pid: 7,
        atMonoMs: 0,
        readMonoMs: 0,
        argv: ['sh', '-c', 'x'],
        exe: '/bin/sh',
        cwd: '/w',
      },
      { type: 'exited', pid: 7, atMonoMs: 0, exit: { kind: 'exited', code: 7 } },
    ])
  }
})

describe('the start time of a fork', () => {
  const fork = (texts: readonly (string | null)[]) =>
    decode(record({ kind: 1, other: 6, timeNs: 12_345_678_901n, bootNs: 5_000_000_000n, texts }))[0]

  test('is what /proc shows', () => {
    expect(fork([statLine(7, 1733)])).toMatchObject({ parentPid: 6, startTicks: 1733 })
  })
  test.each([
    ['the process was gone', null],
    ['a later process has its number', statLine(7, 1740)],
    ['an earlier one', statLine(7, 1700)],
    ['the text is of another process', statLine(8, 1733)],
    ['the text is none', 'x'],
  ])('is that of the event when %s', (_, text) => {
    expect(fork([text])).toMatchObject({ startTicks: 1734, atMonoMs: 12_345.678901 })
  })
})

test('what could not be read is null, not empty', () => {
  expect(decode(record({ kind: 2 }), record({ kind: 2, texts: [null, '', null, null] }))).toEqual([
    { type: 'executed', pid: 7, atMonoMs: 0, readMonoMs: 0, argv: null, exe: null, cwd: null },
    { type: 'executed', pid: 7, atMonoMs: 0, readMonoMs: 0, argv: null, exe: null, cwd: null },
  ])
})

test('a refusal says where and why', () => {
  const reasons = decode(record({ kind: 6, other: 2, status: 1 }), record({ kind: 6, other: 4 }))
  expect(reasons).toEqual([
    { type: 'failed', reason: 'the kernel does not let this user listen (error 1)' },
    {
      type: 'failed',
      reason: 'the kernel did not answer the subscription, as in a container or before Linux 6.6',
    },
  ])
})

test.each([
  ['a size below the header', (bytes: Buffer) => bytes.writeUInt32LE(48, 0)],
  ['a size beyond any record', (bytes: Buffer) => bytes.writeUInt32LE(1 << 20, 0)],
  ['a size that is not whole', (bytes: Buffer) => bytes.writeUInt32LE(60, 0)],
  ['a kind nobody knows', (bytes: Buffer) => bytes.writeUInt32LE(99, 4)],
  ['a text longer than its record', (bytes: Buffer) => bytes.writeUInt32LE(500, 48)],
])('%s is refused', (_, damage) => {
  const bytes = record({ kind: 2, texts: [null, 'a\0', '/a', '/'] })
  damage(bytes)
  expect(() => decode(bytes)).toThrow()
})
