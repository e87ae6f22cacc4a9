import type { IBuffer, Terminal } from '@xterm/headless'
import { headlessTerminal } from '../../src/main/pty/xterm-headless.ts'
import {
  attributesOf,
  coreOf,
  type CellAttributes,
  type InnerBuffer,
} from '../../src/main/pty/xterm-internals.ts'
import { activeLink, backgroundBits, penSgr, sgr } from '../../src/main/pty/sgr.ts'
import { silenceQueries } from '../../src/shared/terminal-queries.ts'
import { SCROLLBACK_LINES, UNICODE_VERSION } from '../../src/shared/terminal-settings.ts'

const fail = (cause: unknown): void => {
  throw cause
}

/** A terminal as a viewer sets it up; never answers a query. */
export function viewerTerminal(size: { cols: number; rows: number }): Terminal {
  const terminal = headlessTerminal(size, SCROLLBACK_LINES, UNICODE_VERSION, fail)
  silenceQueries(terminal.parser)
  return terminal
}

export const written = (terminal: Terminal, bytes: Uint8Array | string): Promise<void> =>
  new Promise((resolve) => terminal.write(bytes, resolve))

/** Everything that can be seen of a terminal or matters for what comes next, as plain data. */
export function stateOf(terminal: Terminal): unknown {
  const core = coreOf(terminal)
  const charsets = core._charsetService
  const { normal, alternate, active } = terminal.buffer
  const { synchronizedOutputMode: _, ...modes } = terminal.modes
  return {
    size: [terminal.cols, terminal.rows],
    active: active.type,
    normal: lines(terminal, normal),
    alternate: active.type === 'alternate' ? lines(terminal, alternate) : null,
    cursor: [active.cursorX, active.cursorY],
    look: penSgr(core._inputHandler._curAttrData),
    link: linkOf(terminal, core._inputHandler._curAttrData),
    modes,
    isCursorHidden: core.coreService.isCursorHidden,
    cursorStyle: core.coreService.decPrivateModes.cursorStyle ?? null,
    mouseEncoding: core.coreMouseService.activeEncoding,
    glevel: charsets.glevel,
    lineDrawing: [0, 1, 2, 3].map(
      (g) => (g === charsets.glevel ? charsets.charset : charsets._charsets[g])?.q === '─',
    ),
    active_: bufferState(core.buffers.active, terminal.cols),
    saved: active.type === 'alternate' ? savedState(core.buffers.normal, terminal.cols) : null,
  }
}

const savedState = (buffer: InnerBuffer, cols: number): unknown => [
  // Restoring never waits for a wrap: past the last column is the last column.
  Math.min(buffer.savedX, cols - 1),
  Math.max(buffer.savedY - buffer.ybase, 0),
  look(buffer.savedCurAttrData),
  buffer.savedCharset?.q === '─',
]

const bufferState = (buffer: InnerBuffer, cols: number): unknown => ({
  region: [buffer.scrollTop, buffer.scrollBottom],
  saved: savedState(buffer, cols),
  tabs: Array.from({ length: cols }, (_, x) => x).filter((x) => buffer.tabs[x]),
})

const look = (attributes: CellAttributes): string => sgr(attributes)

const linkOf = (terminal: Terminal, attributes: CellAttributes): string | null =>
  coreOf(terminal)._oscLinkService.getLinkData(activeLink(attributes))?.uri ?? null

function lines(terminal: Terminal, buffer: IBuffer): unknown[] {
  const cell = buffer.getNullCell()
  return Array.from({ length: buffer.length }, (_, y) => {
    const line = buffer.getLine(y)
    const cells: string[] = []
    for (let x = 0; x < terminal.cols; x++) {
      line?.getCell(x, cell)
      const attributes = attributesOf(cell)
      cells.push(
        cell.getCode() === 0
          ? `·${backgroundBits(attributes) || ''}`
          : `${cell.getChars()}/${cell.getWidth()}${sgr(attributes)}${linkOf(terminal, attributes) ?? ''}`,
      )
      if (cell.getWidth() === 2) x++
    }
    // The line above the oldest is gone, so whether it wrapped into it is nobody's to know.
    return { isWrapped: y > 0 && line?.isWrapped === true, cells: cells.join('|') }
  })
}
