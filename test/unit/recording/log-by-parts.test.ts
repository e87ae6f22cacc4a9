import { expect, test } from 'vitest'
import { readByParts } from '../../../src/shared/recording/log-by-parts.ts'
import { LIMITS } from '../../../src/shared/rpc/frames.ts'
import { encodeKeyframe, encodeOutput } from '../../../src/shared/terminal-log.ts'
import { indexOfLog } from '../../helpers/terminal-logs.ts'

const SIZE = { cols: 80, rows: 24 }
const OUTPUT_BYTES = 1000

/** Screens `late` records after their moment. */
function logWithScreens(late: number) {
  const screen = new TextEncoder().encode('a screen')
  const records = Array.from({ length: 2000 }, (_, n) => [
    encodeOutput(n, new Uint8Array(OUTPUT_BYTES).fill(97 + (n % 26))),
    ...(n % 200 === 199 && n - late > 0
      ? [encodeKeyframe(n, { outputBytes: (n + 1 - late) * OUTPUT_BYTES, ...SIZE, screen })]
      : []),
  ])
  const bytes = Buffer.concat(records.flat())
  const reads: number[] = []
  const log = readByParts(indexOfLog(bytes), (at) => {
    reads.push(at)
    return Promise.resolve(bytes.subarray(at, at + LIMITS.readBytes))
  })
  const number = log.index.points.findLastIndex(({ screenAt }) => screenAt !== null)
  return { log, reads, number, point: log.index.points[number]! }
}

test('a screen and the part that begins with it are one read', async () => {
  const { log, reads, number, point } = logWithScreens(0)
  const [part, screen] = await Promise.all([log.part(number), log.screen(point)])
  expect(screen?.outputBytes).toBe(point.outputBytes)
  expect(part.isDamaged).toBe(false)
  expect(reads).toEqual([point.at])
})

test('a screen that stands far behind its moment is found as well', async () => {
  const { log, reads, point } = logWithScreens(700)
  const screen = await log.screen(point)
  expect(screen?.outputBytes).toBe(point.outputBytes)
  expect(reads).toEqual([point.screenAt])
})
