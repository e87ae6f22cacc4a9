import { SerializeAddon } from '@xterm/addon-serialize'
import type { Terminal } from '@xterm/xterm'
import type { TerminalRecord } from '../../shared/terminal-log.ts'

interface Keyframe {
  /** Records written before it. */
  readonly index: number
  readonly cols: number
  readonly rows: number
  readonly screen: string
}

/** Bytes of output between two keyframes. */
const KEYFRAME_BYTES = 512 * 1024
const KEYFRAME_SCROLLBACK = 500
const WRITE_BYTES = 128 * 1024

export interface TerminalPlayer {
  /** Draws the terminal as it was at `monoMs`. A newer call overtakes an older one. */
  seek(monoMs: number): void
  dispose(): void
}

/** Feeds recorded bytes to a terminal. Going back starts from the nearest keyframe. */
export function createTerminalPlayer(
  terminal: Terminal,
  records: readonly TerminalRecord[],
): TerminalPlayer {
  const serializer = new SerializeAddon()
  terminal.loadAddon(serializer)
  const keyframes: Keyframe[] = []
  let index = 0
  let bytesSinceKeyframe = 0
  let wantedMs = -1
  let isBusy = false
  let isDisposed = false

  const write = (bytes: Uint8Array | string): Promise<void> =>
    new Promise((resolve) => terminal.write(bytes, resolve))

  const goBack = async (target: number): Promise<void> => {
    const keyframe = keyframes.findLast((item) => item.index <= target)
    terminal.reset()
    index = keyframe?.index ?? 0
    bytesSinceKeyframe = 0
    if (!keyframe) return
    terminal.resize(keyframe.cols, keyframe.rows)
    await write(keyframe.screen)
  }

  const keep = (): void => {
    bytesSinceKeyframe = 0
    if ((keyframes.at(-1)?.index ?? 0) >= index) return
    const screen = serializer.serialize({ scrollback: KEYFRAME_SCROLLBACK })
    keyframes.push({ index, cols: terminal.cols, rows: terminal.rows, screen })
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
    if (isBusy) return
    isBusy = true
    for (let asked = NaN; asked !== wantedMs && !isDisposed; ) {
      asked = wantedMs
      const target = countUntil(records, asked)
      if (target < index) await goBack(target)
      await play(target, asked)
    }
    isBusy = false
  }

  return {
    seek: (monoMs) => {
      if (monoMs === wantedMs) return
      wantedMs = monoMs
      void run()
    },
    dispose: () => {
      isDisposed = true
    },
  }
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
