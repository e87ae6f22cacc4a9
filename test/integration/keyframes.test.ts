import { readFile } from 'node:fs/promises'
import type { Terminal } from '@xterm/xterm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTerminalPlayer } from '../../src/renderer/features/terminal-player.ts'
import { recordedLogOf, type RecordedLog } from '../../src/renderer/stores/recorded-log.ts'
import { readByParts } from '../../src/shared/recording/log-by-parts.ts'
import { LIMITS } from '../../src/shared/rpc/frames.ts'
import { decodeLog } from '../../src/shared/terminal-log.ts'
import {
  bundleEntry,
  type PtyHarness,
  removeBundles,
  startPtyHarness,
  until,
} from '../helpers/pty.ts'
import { indexOfLog } from '../helpers/terminal-logs.ts'
import { viewerTerminal } from '../helpers/screens.ts'

let entry: string
let harness: PtyHarness

beforeAll(async () => {
  entry = await bundleEntry('src/main/pty/pty-host.ts', 'pty-host')
})
beforeEach(async () => {
  harness = await startPtyHarness(entry)
})
afterEach(() => harness.dispose())
afterAll(removeBundles)

/** Coloured lines, a screen of its own for a while, titles and moves. */
const PROGRAM = `
i=0
while [ $i -lt 60000 ]; do
  printf '\\033[3%dmline %d\\033[0m %0100d\\r\\n' $((i % 8)) $i $i
  i=$((i + 1))
  case $i in
    20000) printf '\\033[?1049h\\033[2J\\033[10;20Hin another screen' ;;
    30000) printf '\\033[?1049l\\033]2;a title\\007' ;;
  esac
done
printf 'the end'`

async function record(secrets: readonly string[] = []) {
  const request = harness.request({
    file: '/bin/bash',
    args: ['-c', PROGRAM],
    env: { TERM: 'xterm-256color', PATH: '/usr/bin:/bin' },
    cwd: '/',
  })
  const spawned = await harness.ptyHost.spawn({ ...request, secrets })
  expect(spawned.ok).toBe(true)
  await until('the exit', () => harness.observed.exits.has(request.terminal), 60_000)
  const bytes = await readFile(request.logPath)
  const { records, keyframes, damage } = decodeLog(bytes)
  expect(damage).toBe('none')
  const log = readByParts(indexOfLog(bytes), (at) =>
    Promise.resolve(bytes.subarray(at, at + LIMITS.readBytes)),
  )
  return { records, log, written: keyframes.length }
}

/** What the screen shows at a moment, having come from another. */
async function screenAt(
  log: Omit<RecordedLog, 'find'>,
  atMs: number,
  fromMs: number,
): Promise<string> {
  const terminal = viewerTerminal({ cols: 80, rows: 24 })
  // Written for the browser's terminal; both have what it uses.
  const player = createTerminalPlayer(terminal as unknown as Terminal, log)
  for (const step of [fromMs, atMs]) {
    player.seek(step)
    await player.idle()
  }
  const { active } = terminal.buffer
  return Array.from(
    { length: terminal.rows },
    (_, row) => active.getLine(active.baseY + row)?.translateToString() ?? '',
  ).join('\n')
}

describe('whole screens in a recording', () => {
  it('show at any moment what playing from the beginning shows, from before and from behind', async () => {
    const { records, log, written } = await record()
    expect(written).toBeGreaterThanOrEqual(3)
    expect(log.index.points.filter(({ screenAt: at }) => at !== null)).toHaveLength(written)
    const whole = recordedLogOf(records)
    const moments = records.map(({ monoMs }) => monoMs)
    const lastMs = moments.at(-1)!
    for (const share of [0.1, 0.31, 0.5, 0.77, 1]) {
      const atMs = moments[Math.floor((moments.length - 1) * share)]!
      const played = await screenAt(whole, atMs, 0)
      expect(await screenAt(log, atMs, 0), `${share} from the beginning`).toBe(played)
      expect(await screenAt(log, atMs, lastMs), `${share} from the end`).toBe(played)
    }
  })

  it('are not kept where secrets are blotted', async () => {
    expect((await record(['do-not-record-this'])).written).toBe(0)
  })
})
