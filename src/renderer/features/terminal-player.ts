import { SerializeAddon } from '@xterm/addon-serialize'
import type { Terminal } from '@xterm/xterm'
import { scrollsPlainly } from '../../shared/terminal-guard.ts'
import type { TerminalRecord } from '../../shared/terminal-log.ts'
import { plainBytes, plainTail } from '../../shared/terminal-skip.ts'
import type { RecordedLog } from '../stores/recorded-log.ts'

/** Before one record of a part of the log. */
interface Place {
  readonly part: number
  readonly index: number
  /** Bytes of output before it, and the session clock of the record before it, ms. */
  readonly outputBytes: number
  readonly atMs: number
}

/** A screen from which the replay can go on. */
interface Keyframe extends Place {
  readonly cols: number
  readonly rows: number
  readonly screen: Uint8Array | string
}

/** Bytes of output between two keyframes, and how many of those made on the way are kept. */
const KEYFRAME_BYTES = 512 * 1024
const MOST_KEYFRAMES = 256
/** Between two screens of a recording that has them there is not more. */
const RECORDED_BYTES = 1.5 * 1024 * 1024
const KEYFRAME_LINES = 500
const WRITE_BYTES = 128 * 1024
/** Less is written through, because a keyframe has not all of the lines above the screen. */
const FAR_BYTES = 128 * 1024

const START: Place = { part: 0, index: 0, outputBytes: 0, atMs: 0 }

export interface PlayerEvents {
  /** Part of the record could not be read; what follows is shown from where it can be again. */
  readonly damaged?: () => void
  /** The log could not be reached; what is shown stays. */
  readonly failed?: (cause: unknown) => void
}

export interface TerminalPlayer {
  /** Draws the terminal as it was at `monoMs`. A newer call overtakes an older one. */
  seek(monoMs: number): void
  /** Resolves when what was asked for last is drawn. */
  idle(): Promise<void>
  dispose(): void
}

/**
 * Feeds recorded bytes to a terminal, part by part. Going back, and far ahead, starts from the nearest
 * keyframe: one of the recording, or one that was made on the way.
 */
export function createTerminalPlayer(
  terminal: Terminal,
  { index, part: readPart, screen: readScreen }: Omit<RecordedLog, 'find'>,
  { damaged, failed }: PlayerEvents = {},
): TerminalPlayer {
  const serializer = new SerializeAddon()
  terminal.loadAddon(serializer)
  const { points } = index
  /** Those made on the way, in the order of their places. */
  const made: Keyframe[] = []
  let place = START
  let bytesSinceKeyframe = 0
  let wantedMs = -1
  let running: Promise<void> | null = null
  let isDisposed = false

  const write = (bytes: Uint8Array | string): Promise<void> =>
    new Promise((resolve) => terminal.write(bytes, resolve))
  const isOvertaken = (asked: number): boolean => isDisposed || wantedMs !== asked

  const jumpTo = async (target: Place, keyframe: Omit<Keyframe, keyof Place> | null) => {
    terminal.reset()
    place = target
    bytesSinceKeyframe = 0
    if (!keyframe) return
    terminal.resize(keyframe.cols, keyframe.rows)
    await write(keyframe.screen)
  }

  const keep = (): void => {
    bytesSinceKeyframe = 0
    const after = made.findIndex(({ outputBytes }) => outputBytes >= place.outputBytes)
    if (made[after]?.outputBytes === place.outputBytes) return
    const screen = serializer.serialize({ scrollback: KEYFRAME_LINES })
    const keyframe = { ...place, cols: terminal.cols, rows: terminal.rows, screen }
    made.splice(after === -1 ? made.length : after, 0, keyframe)
    // Of too many every second goes: what lies between them is only longer to write.
    if (made.length > MOST_KEYFRAMES)
      made.splice(0, made.length, ...made.filter((_, at) => at % 2 === 1))
  }

  /** A recording without screens needs some of ours; making one takes as long as drawing a part. */
  const isFarFromScreens = (): boolean => {
    const nearest = points.findLast(
      ({ screenAt, outputBytes }) => screenAt !== null && outputBytes <= place.outputBytes,
    )
    return place.outputBytes - (nearest?.outputBytes ?? 0) > RECORDED_BYTES
  }

  /** To the nearest keyframe, where the way to `asked` is shorter from there. */
  const approach = async (asked: number): Promise<void> => {
    const known = made.findLast(({ atMs }) => atMs <= asked)
    const number = points.findLastIndex(
      ({ atMs, screenAt }, at) => atMs <= asked && (screenAt !== null || at === 0),
    )
    const point = points[number] ?? START
    const isBack = place.atMs > asked
    const isFar = (to: { readonly outputBytes: number }): boolean =>
      isBack || to.outputBytes - place.outputBytes > FAR_BYTES
    if (known && known.outputBytes >= point.outputBytes) {
      if (isFar(known)) await jumpTo(known, known)
    } else if (isFar(point)) {
      // Side by side: the part is what comes next.
      readPart(Math.max(0, number)).catch(() => undefined)
      const screen = points[number] ? await readScreen(points[number]) : null
      if (isDisposed) return
      // A screen that cannot be read: from the beginning, which is slow and right.
      const target = screen ? { part: number, index: 0 } : START
      await jumpTo(screen ? { ...target, ...pick(point) } : START, screen)
    }
  }

  /** Writes what comes before `asked`; stops early when something newer is wanted. */
  const play = async (asked: number): Promise<void> => {
    while (!isOvertaken(asked)) {
      const { records, isDamaged } = await readPart(place.part)
      if (isOvertaken(asked)) return
      const target = countUntil(records, asked)
      await writeRecords(records, target, asked)
      // Asked for before it is needed, kept by the log until then; what is asked for now goes first.
      if (target > records.length / 2) readPart(place.part + 1).catch(() => undefined)
      if (isOvertaken(asked) || target < records.length) return
      if (isDamaged) damaged?.()
      const next = points[place.part + 1]
      if (!next || next.atMs > asked) return
      const following = { part: place.part + 1, index: 0, ...pick(next) }
      const screen = isDamaged ? await readScreen(next) : null
      if (screen) await jumpTo(following, screen)
      else place = following
    }
  }

  const writeRecords = async (
    records: readonly TerminalRecord[],
    target: number,
    asked: number,
  ): Promise<void> => {
    await skipPlainLines(records, target)
    while (place.index < target && !isOvertaken(asked)) {
      let written = 0
      let last: Promise<void> | null = null
      while (place.index < target && written < WRITE_BYTES) {
        const record = records[place.index]!
        if (record.kind === 'resize') {
          await last
          terminal.resize(Math.max(2, record.cols), Math.max(1, record.rows))
        } else {
          last = write(record.bytes)
          written += record.bytes.length
        }
        place = after(place, record)
      }
      await last
      bytesSinceKeyframe += written
      if (bytesSinceKeyframe >= KEYFRAME_BYTES && !isDisposed && isFarFromScreens()) keep()
    }
  }

  /** Of much that is only lines nothing but the last is seen in the end. */
  const skipPlainLines = async (
    records: readonly TerminalRecord[],
    target: number,
  ): Promise<void> => {
    const first = records.findIndex(({ kind }, at) => at >= place.index && kind !== 'output')
    const until = first === -1 ? target : Math.min(first, target)
    const parts = records.slice(place.index, until)
    const size = parts.reduce((sum, part) => sum + outputOf(part), 0)
    if (size < KEYFRAME_BYTES / 2 || !scrollsPlainly(terminal)) return
    const bytes = joined(parts, size)
    const end = plainBytes(bytes)
    const tail = plainTail(bytes.subarray(0, end), KEYFRAME_LINES + 2 * terminal.rows)
    if (!tail) return
    await write(tail.pen)
    await write(bytes.subarray(tail.from))
    for (const part of parts) place = after(place, part)
  }

  const run = async (): Promise<void> => {
    try {
      for (let asked = NaN; asked !== wantedMs && !isDisposed; ) {
        asked = wantedMs
        await approach(asked)
        await play(asked)
      }
    } catch (cause) {
      if (!isDisposed) failed?.(cause)
    }
    running = null
  }

  return {
    seek: (monoMs) => {
      if (monoMs === wantedMs) return
      wantedMs = monoMs
      running ??= run()
    },
    idle: async () => {
      while (running) await running
    },
    dispose: () => {
      isDisposed = true
    },
  }
}

const pick = ({ outputBytes, atMs }: Pick<Place, 'outputBytes' | 'atMs'>) => ({ outputBytes, atMs })

const outputOf = (record: TerminalRecord): number =>
  record.kind === 'output' ? record.bytes.length : 0

const after = ({ part, index, outputBytes }: Place, record: TerminalRecord): Place => ({
  ...{ part, index: index + 1, atMs: record.monoMs },
  outputBytes: outputBytes + outputOf(record),
})

function joined(records: readonly TerminalRecord[], size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const record of records) {
    if (record.kind !== 'output') continue
    bytes.set(record.bytes, at)
    at += record.bytes.length
  }
  return bytes
}

function countUntil(records: readonly TerminalRecord[], monoMs: number): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (records[middle]!.monoMs <= monoMs) low = middle + 1
    else high = middle
  }
  return low
}
