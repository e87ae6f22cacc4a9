import { SerializeAddon } from '@xterm/addon-serialize'
import type { Terminal } from '@xterm/xterm'
import type { TerminalRecord } from '../../shared/terminal-log.ts'
import type { LogKeyframe, TerminalLog } from '../stores/terminal-log.ts'

type Keyframe = Omit<LogKeyframe, 'screen'> & { readonly screen: Uint8Array | string }

/** Bytes of output between two keyframes. */
const KEYFRAME_BYTES = 512 * 1024
const KEYFRAME_SCROLLBACK = 500
const WRITE_BYTES = 128 * 1024
/** Less is written through, because a keyframe has not all of the lines above the screen. */
const FAR_BYTES = 512 * 1024

export interface TerminalPlayer {
  /** Draws the terminal as it was at `monoMs`. A newer call overtakes an older one. */
  seek(monoMs: number): void
  /** Resolves when what was asked for last is drawn. */
  idle(): Promise<void>
  dispose(): void
}

/**
 * Feeds recorded bytes to a terminal. Going back, and far ahead, starts from the nearest keyframe: one
 * of the recording, or one that was made on the way.
 */
export function createTerminalPlayer(
  terminal: Terminal,
  { records, keyframes: recorded }: Pick<TerminalLog, 'records' | 'keyframes'>,
): TerminalPlayer {
  const serializer = new SerializeAddon()
  terminal.loadAddon(serializer)
  /** In the order of their index. */
  const keyframes: Keyframe[] = [...recorded]
  let index = 0
  let bytesSinceKeyframe = 0
  let wantedMs = -1
  let running: Promise<void> | null = null
  let isDisposed = false

  const sums = outputSums(records)
  const outputUntil = (at: number): number => sums[at] ?? 0
  const write = (bytes: Uint8Array | string): Promise<void> =>
    new Promise((resolve) => terminal.write(bytes, resolve))

  const jumpTo = async (keyframe: Keyframe | undefined): Promise<void> => {
    terminal.reset()
    index = keyframe?.index ?? 0
    bytesSinceKeyframe = 0
    if (!keyframe) return
    terminal.resize(keyframe.cols, keyframe.rows)
    await write(keyframe.screen)
  }

  const keep = (): void => {
    bytesSinceKeyframe = 0
    const after = keyframes.findIndex((item) => item.index >= index)
    if (keyframes[after]?.index === index) return
    const screen = serializer.serialize({ scrollback: KEYFRAME_SCROLLBACK })
    const made = { index, cols: terminal.cols, rows: terminal.rows, screen }
    keyframes.splice(after === -1 ? keyframes.length : after, 0, made)
  }

  /** Writes records up to `target` in batches; stops early when something newer is wanted. */
  const play = async (target: number, asked: number): Promise<void> => {
    while (index < target && !isDisposed && wantedMs === asked) {
      let written = 0
      let last: Promise<void> | null = null
      while (index < target && written < WRITE_BYTES) {
        const record = records[index]!
        if (record.kind === 'resize') {
          await last
          terminal.resize(Math.max(2, record.cols), Math.max(1, record.rows))
        } else {
          last = write(record.bytes)
          written += record.bytes.length
        }
        index++
      }
      await last
      bytesSinceKeyframe += written
      if (bytesSinceKeyframe >= KEYFRAME_BYTES && !isDisposed) keep()
    }
  }

  const run = async (): Promise<void> => {
    for (let asked = NaN; asked !== wantedMs && !isDisposed; ) {
      asked = wantedMs
      const target = countUntil(records, asked)
      const nearest = keyframes.findLast((item) => item.index <= target)
      const isFar = nearest && outputUntil(nearest.index) - outputUntil(index) > FAR_BYTES
      if (target < index || isFar) await jumpTo(nearest)
      await play(target, asked)
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

/** Bytes of output before each record, and after the last. */
function outputSums(records: readonly TerminalRecord[]): Float64Array {
  const sums = new Float64Array(records.length + 1)
  for (const [index, record] of records.entries())
    sums[index + 1] = sums[index]! + (record.kind === 'output' ? record.bytes.length : 0)
  return sums
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
