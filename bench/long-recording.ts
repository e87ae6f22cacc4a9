// A recording of four hours, made up and written as the product writes it: how long it takes to open, what
// of it the memory holds, how long another moment takes to be there, and words to be found.
import { randomBytes } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Terminal } from '@xterm/xterm'
import { Screen } from '../src/main/pty/screen.ts'
import { KEYFRAME_BYTES, KEYFRAME_LINES } from '../src/main/pty/session-terminal.ts'
import { headlessTerminal } from '../src/main/pty/xterm-headless.ts'
import { AppendFile } from '../src/main/disk/append-file.ts'
import { createEventLog } from '../src/main/store/event-log.ts'
import { createTerminalPlayer } from '../src/renderer/features/terminal-player.ts'
import { readByParts } from '../src/shared/recording/log-by-parts.ts'
import { SessionId } from '../src/shared/domain/ids.ts'
import type { Connection } from '../src/shared/rpc/client.ts'
import {
  encodeKeyframe,
  encodeOutput,
  encodeResize,
  MAX_SCREEN_BYTES,
} from '../src/shared/terminal-log.ts'
import { DARK_THEME, SCROLLBACK_LINES, UNICODE_VERSION } from '../src/shared/terminal-settings.ts'
import { eventOf, sampleSession } from '../test/helpers/recording.ts'

const HOURS_MS = 4 * 3_600_000
const SIZE = { cols: 120, rows: 40 }
const SEEKS = 200
const ID = SessionId.parse('ses_00000000000000aa')
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const NEEDLE = 'the needle at the end'

interface SeekTimes {
  readonly medianMs: number
  readonly p99Ms: number
  readonly worstMs: number
}

export interface LongRecording {
  readonly megabytes: number
  readonly keyframes: number
  /** Of the log, that keyframes take. */
  readonly keyframeShare: number
  readonly firstOpenMs: number
  readonly againMs: number
  readonly events: number
  readonly eventsMs: number
  readonly findMs: number
  /** Of this process, in which host and viewer are both: before, and after all seeks. */
  readonly grownMegabytes: number
  /** Until the bytes are there, and until the screen is. */
  readonly fetched: SeekTimes
  readonly shown: SeekTimes
}

/** A piece of work: lines that stream in, and a status at the bottom that is drawn over and over. */
function workOf(n: number): Uint8Array {
  const words = randomBytes(24).toString('hex')
  const lines = Array.from(
    { length: 8 },
    (_, k) => `\x1b[3${k}m  ${n}.${k}\x1b[0m test/unit/${words}.test.ts: a session that ended\r\n`,
  )
  const status = `\x1b7\x1b[${SIZE.rows};1H\x1b[2K\x1b[1;34m✻ Thinking… (${n}s)\x1b[0m\x1b8`
  return Buffer.from(lines.join('') + status.repeat(4))
}

/** Into the folder of a host that is started later; returns how many bytes of it are keyframes. */
export async function writeLongRecording(root: string, bytes: number): Promise<number> {
  const folder = join(root, 'data', 'recordings')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const events = createEventLog(folder, '0.0.0', silent)
  await events.create(eventOf(0, { type: 'session/created', session: sampleSession(ID) }), ID)
  const log = await AppendFile.open(join(folder, ID, 'terminal.log'), {
    mode: 'create',
    failed: (detail) => {
      throw new Error(detail)
    },
  })
  const screen = new Screen({
    ...{ size: SIZE, theme: DARK_THEME, answer: () => undefined },
    fault: (cause) => {
      throw cause
    },
  })
  log.append(encodeResize(0, SIZE.cols, SIZE.rows))
  let outputBytes = 0
  let keyframeBytes = 0
  let ofKeyframes = 0
  for (let n = 0, seq = 1; outputBytes < bytes; n++) {
    const work = workOf(n)
    const monoMs = (outputBytes / bytes) * HOURS_MS
    log.append(encodeOutput(monoMs, work))
    outputBytes += work.length
    const isDue = outputBytes - keyframeBytes >= KEYFRAME_BYTES
    const parsed = new Promise<void>((resolve) => screen.write(work, () => resolve()))
    if (n % 16 === 0) {
      const fact = { type: 'terminal/active', bytes: work.length, totalBytes: outputBytes } as const
      events.append(ID, { ...eventOf(seq++, fact), monoMs })
    }
    if (!isDue) continue
    await parsed
    keyframeBytes = outputBytes
    const drawn = screen.snapshot(KEYFRAME_LINES, MAX_SCREEN_BYTES)
    const keyframe = encodeKeyframe(monoMs, { outputBytes, ...SIZE, screen: drawn })
    ofKeyframes += keyframe.length
    log.append(keyframe)
    await log.drained()
    await events.flush()
  }
  log.append(encodeOutput(HOURS_MS, Buffer.from(`${NEEDLE}\r\n`)))
  await log.close()
  const last = { type: 'session/ended', exit: { kind: 'exited', code: 0 } } as const
  events.append(ID, { ...eventOf(10_000_000, last), monoMs: HOURS_MS })
  await events.flush()
  screen.dispose()
  return ofKeyframes
}

const timed = async <T>(run: () => Promise<T>): Promise<[T, number]> => {
  const started = performance.now()
  return [await run(), performance.now() - started]
}

function summed(times: readonly number[]): SeekTimes {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN
  return { medianMs: at(0.5), p99Ms: at(0.99), worstMs: at(1) }
}

/** Through the contract, as a window does it. */
export async function measureLongRecording(
  connection: Connection,
  root: string,
  ofKeyframes: number,
): Promise<LongRecording> {
  const { recording } = connection.api
  const indexed = async () => {
    const found = await recording.terminal({ id: ID })
    if (!found.ok) throw new Error('the host does not know the recording')
    return found.value
  }
  const before = process.memoryUsage().rss
  const [index, firstOpenMs] = await timed(indexed)
  const [, againMs] = await timed(indexed)
  const [events, eventsMs] = await timed(async () => {
    let count = 0
    for (let fromSeq = 0, isLast = false; !isLast; ) {
      const page = await recording.events({ id: ID, fromSeq })
      count += page.events.length
      fromSeq = (page.events.at(-1)?.seq ?? fromSeq) + 1
      ;({ isLast } = page)
    }
    return count
  })
  let fetchedMs = 0
  const log = readByParts(index, async (at) => {
    const [bytes, ms] = await timed(() => connection.readRecording(ID, at))
    // Those of one part are read side by side.
    fetchedMs = Math.max(fetchedMs, ms)
    return bytes
  })
  const terminal = headlessTerminal(SIZE, SCROLLBACK_LINES, UNICODE_VERSION, () => undefined)
  const player = createTerminalPlayer(terminal as unknown as Terminal, log)
  const fetched: number[] = []
  const shown: number[] = []
  for (let n = 1; n <= SEEKS; n++) {
    fetchedMs = 0
    const [, ms] = await timed(async () => {
      player.seek(index.durationMs * ((n * 0.618_034) % 1))
      await player.idle()
    })
    fetched.push(fetchedMs)
    shown.push(ms)
  }
  player.dispose()
  const grown = process.memoryUsage().rss - before
  const [, findMs] = await timed(async () => {
    let found = 0
    for (let part: number | null = 0; part !== null; ) {
      const page = await recording.find({ id: ID, words: NEEDLE, part })
      if (!page.ok) throw new Error('the host does not know the recording')
      found += page.value.times.length
      part = page.value.next
    }
    if (found !== 1) throw new Error(`the needle was found ${found} times`)
  })
  const { size } = statSync(join(root, 'data', 'recordings', ID, 'terminal.log'))
  return {
    ...{ megabytes: size / 1e6, firstOpenMs, againMs, events, eventsMs, findMs },
    keyframeShare: ofKeyframes / size,
    keyframes: index.points.filter(({ screenAt }) => screenAt !== null).length,
    grownMegabytes: grown / 1e6,
    ...{ fetched: summed(fetched), shown: summed(shown) },
  }
}

export function printLongRecording(long: LongRecording): void {
  const ms = (value: number): string => `${value.toFixed(0)} ms`
  const times = ({ medianMs, p99Ms, worstMs }: SeekTimes): string =>
    `median ${ms(medianMs)}, p99 ${ms(p99Ms)}, worst ${ms(worstMs)}`
  console.log(
    [
      `\n4 hours, ${long.megabytes.toFixed(0)} MB of terminal, ${long.keyframes} keyframes, ` +
        `which are ${(long.keyframeShare * 100).toFixed(1)} % of it`,
      `  opened for the first time (its index is made)  ${ms(long.firstOpenMs)}, again ${ms(long.againMs)}`,
      `  its ${long.events} events                      ${ms(long.eventsMs)}`,
      `  another moment, of ${SEEKS}: bytes             ${times(long.fetched)}`,
      `                          screen            ${times(long.shown)}`,
      `  words at its end, from its beginning      ${ms(long.findMs)}`,
      `  memory of host and viewer grown by        ${long.grownMegabytes.toFixed(0)} MB`,
    ].join('\n'),
  )
}
