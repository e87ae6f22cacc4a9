import { MAX_SCREEN_BYTES } from '../../shared/terminal-log.ts'
import type { DrawnScreen } from '../../shared/recording/page-screens.ts'
import { UNICODE_VERSION } from '../../shared/terminal-settings.ts'
import { drawSnapshot } from '../pty/snapshot.ts'
import { headlessTerminal } from '../pty/xterm-headless.ts'
import { isGround } from '../pty/xterm-internals.ts'

/** Lines above a screen that a replay which begins there can show. */
const LINES = 200

/** A screen as the PTY host draws them. */
export function createExportScreen(): DrawnScreen {
  const terminal = headlessTerminal({ cols: 80, rows: 24 }, LINES, UNICODE_VERSION, () => undefined)
  const encoder = new TextEncoder()
  let lastByte = 0
  return {
    write: (bytes) => {
      lastByte = bytes.at(-1) ?? lastByte
      return new Promise((resolve) => terminal.write(bytes, resolve))
    },
    resize: ({ cols, rows }) => terminal.resize(Math.max(2, cols), Math.max(1, rows)),
    draw: () => {
      if (!isGround(terminal) || lastByte >= 0x80) return null
      const draw = (lines: number): Uint8Array => encoder.encode(drawSnapshot(terminal, lines))
      const whole = draw(LINES)
      const screen = whole.length > MAX_SCREEN_BYTES ? draw(0) : whole
      return { cols: terminal.cols, rows: terminal.rows, screen }
    },
    dispose: () => terminal.dispose(),
  }
}
