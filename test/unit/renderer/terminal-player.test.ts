import type { Terminal } from '@xterm/xterm'
import { beforeAll, describe, expect, test } from 'vitest'
import { Screen } from '../../../src/main/pty/screen.ts'
import { createTerminalPlayer } from '../../../src/renderer/features/terminal-player.ts'
import { recordedLogOf } from '../../../src/renderer/stores/recorded-log.ts'
import { readByParts } from '../../../src/shared/recording/log-by-parts.ts'
import { LIMITS } from '../../../src/shared/rpc/frames.ts'
import { decodeLog, encodeKeyframe, encodeOutput } from '../../../src/shared/terminal-log.ts'
import { DARK_THEME } from '../../../src/shared/terminal-settings.ts'
import { viewerTerminal } from '../../helpers/screens.ts'
import { indexOfLog } from '../../helpers/terminal-logs.ts'

const SIZE = { cols: 80, rows: 24 }
const RECORDS = 90
/** Of the log, at which a keyframe is due, and how many records it comes late. */
const EVERY = 16

/** Half of its records are plain lines, the others draw here and there. */
async function makeLog(): Promise<Uint8Array> {
  const screen = new Screen({
    ...{ size: SIZE, theme: DARK_THEME, answer: () => undefined },
    fault: (cause) => {
      throw cause
    },
  })
  const parts: Uint8Array[] = []
  let outputBytes = 0
  for (let n = 0; n < RECORDS; n++) {
    const lines = Array.from(
      { length: 900 },
      (_, k) => `\x1b[3${k % 8}m${n}.${k} ${'x'.repeat(50)}`,
    )
    const extra = n % 20 < 10 ? '' : `\x1b[5;7H\x1b[1mrecord ${n}\x1b[0m\x1b[${SIZE.rows};1H`
    const bytes = Buffer.from(`${lines.join('\r\n')}\r\n${extra}`)
    parts.push(encodeOutput(n * 100, bytes))
    outputBytes += bytes.length
    await new Promise<void>((resolve) => screen.write(bytes, () => resolve()))
    if (n % EVERY === EVERY - 1) {
      const keyframe = { outputBytes, ...SIZE, screen: screen.snapshot(200) }
      parts.push(encodeKeyframe(n * 100, keyframe))
    }
  }
  screen.dispose()
  return Buffer.concat(parts)
}

const logOf = (bytes: Uint8Array, index = indexOfLog(bytes), reads: number[] = []) =>
  readByParts(index, (at) => {
    reads.push(at)
    return Promise.resolve(bytes.subarray(at, at + LIMITS.readBytes))
  })

function play(log: Parameters<typeof createTerminalPlayer>[1], damaged?: () => void) {
  const terminal = viewerTerminal(SIZE)
  // Written for the browser's terminal; both have what it uses.
  const player = createTerminalPlayer(
    terminal as unknown as Terminal,
    log,
    damaged ? { damaged } : {},
  )
  return async (atMs: number): Promise<string> => {
    player.seek(atMs)
    await player.idle()
    const { active } = terminal.buffer
    return Array.from({ length: SIZE.rows }, (_, row) =>
      active.getLine(active.baseY + row)?.translateToString(),
    ).join('\n')
  }
}

let bytes: Uint8Array
/** From the beginning, one record after the other. */
const expected = new Map<number, string>()

beforeAll(async () => {
  bytes = await makeLog()
  const show = play(recordedLogOf(decodeLog(bytes).records))
  for (let n = 0; n < RECORDS; n++) expected.set(n * 100, await show(n * 100))
}, 60_000)

describe('a recorded terminal that is read by parts', () => {
  test('shows every moment as it was, in whatever order it is asked for', async () => {
    const show = play(logOf(bytes))
    for (let n = 0; n < 60; n++) {
      const atMs = ((n * 37) % RECORDS) * 100
      expect(await show(atMs), `${atMs}`).toBe(expected.get(atMs))
    }
    expect(await show(Infinity)).toBe(expected.get((RECORDS - 1) * 100))
  }, 60_000)

  test('needs only what is around the moment', async () => {
    const reads: number[] = []
    const show = play(logOf(bytes, indexOfLog(bytes), reads))
    await show((RECORDS - 1) * 100)
    expect(Math.min(...reads)).toBeGreaterThan(bytes.length / 2)
    expect(await show(0)).toBe(expected.get(0))
  })

  test('goes on behind a part that was damaged after it was indexed, and says so', async () => {
    const index = indexOfLog(bytes)
    const harmed = Uint8Array.from(bytes)
    const at = (index.points[2]!.at + index.points[3]!.at) >> 1
    harmed[at] = harmed[at]! ^ 1
    let isDamaged = false
    const show = play(logOf(harmed, index), () => {
      isDamaged = true
    })
    const before = Math.floor(index.points[2]!.atMs / 100) * 100
    expect(await show(before)).toBe(expected.get(before))
    expect(isDamaged).toBe(false)
    const behind = (Math.floor(index.points[3]!.atMs / 100) + 2) * 100
    // Played through, so that it does not only jump over it.
    for (let atMs = before; atMs <= behind; atMs += 100) await show(atMs)
    expect(isDamaged).toBe(true)
    expect(await show(behind)).toBe(expected.get(behind))
  })
})
