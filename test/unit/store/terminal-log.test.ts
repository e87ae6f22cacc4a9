import { describe, expect, it } from 'vitest'
import { decodeLog, encodeOutput, encodeResize } from '../../../src/shared/terminal-log.ts'

const RECORDS = [
  encodeResize(0, 80, 24),
  encodeOutput(1.5, Buffer.from('hello \u001b[1mworld')),
  encodeOutput(2, Buffer.from([0, 255, 0xc3])),
  encodeResize(3, 100, 30),
  encodeOutput(4, Buffer.from('\xa9 end', 'latin1')),
]
const LOG = Buffer.concat(RECORDS)
const ends = RECORDS.map((_, n) => RECORDS.slice(0, n + 1).reduce((sum, r) => sum + r.length, 0))

describe('terminal log', () => {
  it('gives every whole record of a log cut at any byte', () => {
    const all = decodeLog(LOG).records
    expect(all.length).toBe(RECORDS.length)
    for (let bytes = 0; bytes <= LOG.length; bytes++) {
      const { records, soundBytes, damage } = decodeLog(LOG.subarray(0, bytes))
      const whole = ends.filter((end) => end <= bytes).length
      expect(records).toEqual(all.slice(0, whole))
      expect(soundBytes).toBe(ends[whole - 1] ?? 0)
      expect(damage).toBe(soundBytes === bytes ? 'none' : 'torn')
    }
  })

  it('stops before a record with any flipped bit', () => {
    const all = decodeLog(LOG).records
    for (let at = 0; at < LOG.length; at++) {
      const flipped = Buffer.from(LOG)
      flipped[at] = flipped[at]! ^ (1 << (at % 8))
      const { records, damage } = decodeLog(flipped)
      const before = ends.filter((end) => end <= at).length
      expect(records).toEqual(all.slice(0, before))
      expect(damage).not.toBe('none')
    }
  })
})
