import { MAX_SCREEN_BYTES } from '../../shared/terminal-log.ts'
import { type DrawnScreen, drawnScreen } from '../../shared/recording/page-screens.ts'
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
  const drawn = (lines: number): Uint8Array => encoder.encode(drawSnapshot(terminal, lines))
  return drawnScreen(terminal, () => {
    if (!isGround(terminal)) return null
    const whole = drawn(LINES)
    return whole.length > MAX_SCREEN_BYTES ? drawn(0) : whole
  })
}
