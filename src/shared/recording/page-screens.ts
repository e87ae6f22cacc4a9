import { joined } from '../joined.ts'
import {
  type Keyframe,
  type KeyframeRecord,
  MAX_SCREEN_BYTES,
  type TerminalRecord,
} from '../terminal-log.ts'
import type { ExportTerminal } from './export-source.ts'

/** A terminal without a display, on which output is drawn to have its screen. Whoever makes one disposes of it. */
export interface DrawnScreen {
  /** Resolves when it is drawn. */
  write(bytes: Uint8Array): Promise<void>
  resize(size: { readonly cols: number; readonly rows: number }): void
  /** What brings a terminal of this size to the same; null: not here, within a sequence or a character. */
  draw(): Pick<Keyframe, 'cols' | 'rows' | 'screen'> | null
  dispose(): void
}
export type CreateScreen = () => DrawnScreen

/** What there is of a terminal for that, of a window as of the command line. */
interface Drawable {
  readonly cols: number
  readonly rows: number
  write(bytes: Uint8Array, done: () => void): void
  resize(cols: number, rows: number): void
  dispose(): void
}

/** `draw`: what it shows, in words of at most a record; null: it cannot be said here. */
export function drawnScreen(terminal: Drawable, draw: () => Uint8Array | null): DrawnScreen {
  let lastByte = 0
  return {
    write: (bytes) => {
      lastByte = bytes.at(-1) ?? lastByte
      return new Promise((resolve) => terminal.write(bytes, resolve))
    },
    resize: ({ cols, rows }) => terminal.resize(Math.max(2, cols), Math.max(1, rows)),
    draw: () => {
      // It may be within a character.
      const screen = lastByte >= 0x80 ? null : draw()
      return screen && { cols: terminal.cols, rows: terminal.rows, screen }
    },
    dispose: () => terminal.dispose(),
  }
}

/** What leaves of one terminal. */
export interface LeavingOutput {
  records(): AsyncIterable<readonly TerminalRecord[]>
  /** Something was taken out of what was given so far, or of a little more. */
  hasTaken(): boolean
  /** Nothing that is taken out is in it. */
  isClean(screen: Uint8Array): boolean
}

/** Output between two screens of ours. */
const SCREEN_BYTES = 512 * 1024
/** Where none can be drawn, after so much more it is tried again. */
const AGAIN_BYTES = 16 * 1024
/** Given to a terminal at once. */
const WRITE_BYTES = 128 * 1024
/** Output that waits for whether it has to be drawn. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024

/**
 * With screens from which a replay can begin: those of the recording up to the first thing that was taken
 * out of the output, and behind that screens that are drawn anew from what is left. One in which something
 * stands that is taken out, put together from pieces, is left out.
 */
export async function* withScreens(
  out: LeavingOutput,
  { index, screen }: ExportTerminal,
  createScreen: CreateScreen,
): AsyncGenerator<TerminalRecord | KeyframeRecord> {
  const points = index.points.filter(({ screenAt }) => screenAt !== null)
  const redraw = createRedraw(createScreen)
  let next = 0
  let outputBytes = 0
  try {
    for await (const records of out.records())
      for (const record of records) {
        yield record
        outputBytes += record.kind === 'output' ? record.bytes.length : 0
        await redraw.add(record)
        for (; (points[next]?.outputBytes ?? Infinity) < outputBytes; next++);
        const point = points[next]
        let keyframe: Keyframe | null = null
        if (out.hasTaken()) {
          const drawn = await redraw.screen()
          keyframe = drawn && { outputBytes, ...drawn }
        } else if (point?.outputBytes === outputBytes) {
          next++
          keyframe = await screen(point)
          if (keyframe) redraw.beginAt(keyframe)
        }
        if (!keyframe || !out.isClean(keyframe.screen)) continue
        const { cols, rows, screen: bytes } = keyframe
        yield { kind: 'keyframe', monoMs: record.monoMs, outputBytes, cols, rows, screen: bytes }
      }
  } finally {
    redraw.dispose()
  }
}

/** Draws from the last known screen on, but only once it is asked for one, or too much waits. */
function createRedraw(createScreen: CreateScreen) {
  let base: Keyframe | null = null
  let waiting: TerminalRecord[] = []
  let waitingBytes = 0
  let bytesSince = 0
  /** So many bytes since the last screen the next is tried. */
  let tryAt = SCREEN_BYTES
  let drawn: DrawnScreen | null = null

  const flush = async (): Promise<DrawnScreen> => {
    const on = (drawn ??= createScreen())
    if (base) {
      on.resize(base)
      await on.write(base.screen)
      base = null
    }
    let parts: Uint8Array[] = []
    const write = async (): Promise<void> => {
      if (parts.length > 0) await on.write(joined(parts))
      parts = []
    }
    for (const record of waiting) {
      if (record.kind === 'output') parts.push(record.bytes)
      else {
        await write()
        on.resize(record)
      }
    }
    await write()
    waiting = []
    waitingBytes = 0
    return on
  }
  return {
    /** In order. What was added is kept or drawn, never more of it kept than some mebibytes. */
    add: async (record: TerminalRecord): Promise<void> => {
      waiting.push(record)
      const bytes = record.kind === 'output' ? record.bytes.length : 0
      waitingBytes += bytes
      bytesSince += bytes
      if (waitingBytes >= (drawn ? WRITE_BYTES : MOST_WAITING_BYTES)) await flush()
    },
    /** The recording has a screen here: what was before it needs no drawing any more. */
    beginAt: (keyframe: Keyframe): void => {
      base = keyframe
      waiting = []
      waitingBytes = 0
      bytesSince = 0
      tryAt = SCREEN_BYTES
    },
    /** null: the last is not far away, or there can be none here. */
    screen: async (): Promise<Pick<Keyframe, 'cols' | 'rows' | 'screen'> | null> => {
      if (bytesSince < tryAt) return null
      const found = (await flush()).draw()
      if (!found) {
        tryAt = bytesSince + AGAIN_BYTES
        return null
      }
      bytesSince = 0
      tryAt = SCREEN_BYTES
      return found.screen.length > MAX_SCREEN_BYTES ? null : found
    },
    dispose: (): void => drawn?.dispose(),
  }
}
