import type { Terminal } from '@xterm/headless'
import { drawBuffer } from './draw-buffer.ts'
import { activeLink, penSgr, sgr } from './sgr.ts'
import {
  attributesOf,
  type CellAttributes,
  type Charset,
  coreOf,
  type InnerBuffer,
} from './xterm-internals.ts'

// `@xterm/addon-serialize` is not used: it loses what this product promises to keep (cursor
// visibility, mouse encoding, scroll region, underline styles, links, an unfinished line wrap) and
// mixes up bold and dim.

const MOUSE_TRACKING = { none: '', x10: '9', vt200: '1000', drag: '1002', any: '1003' } as const
const MOUSE_ENCODING: Readonly<Record<string, string>> = { SGR: '1006', SGR_PIXELS: '1016' }
const CURSOR_STYLE = { block: 1, underline: 3, bar: 5 } as const
const TAB_WIDTH = 8

const set = (mode: string): string => `\x1b[?${mode}h`
const moveTo = (row: number, column: number): string => `\x1b[${row + 1};${column + 1}H`

/** DEC line drawing is the one charset programs still use; others are drawn already. */
const isLineDrawing = (charset: Charset): boolean => charset?.q === '─'

/**
 * Escape sequences that bring a fresh or used terminal of the same size into the exact state of
 * `terminal`, with at most `scrollback` lines above the screen. Valid between two parsed chunks.
 */
export function drawSnapshot(terminal: Terminal, scrollback: number): string {
  const { normal, alternate, active } = terminal.buffer
  const { buffers } = coreOf(terminal)
  const isAlternate = active.type === 'alternate'
  const firstLine = Math.max(0, normal.baseY - scrollback)
  // CAN ends whatever the viewer has half read; then a full reset, scrollback included.
  const parts = ['\x18\x1bc', drawBuffer(terminal, normal, firstLine)]
  if (isAlternate) {
    // The switch saves the cursor, and the switch back restores it.
    parts.push(savedCursor(buffers.normal, set('1049')), '\x1b[m\x1b[H')
    parts.push(drawBuffer(terminal, alternate, 0))
  }
  parts.push(tabStops(buffers.active, terminal.cols))
  parts.push(savedCursor(buffers.active, '\x1b7'))
  parts.push(margins(terminal, buffers.active), modes(terminal), cursor(terminal, buffers.active))
  return parts.join('')
}

/** `save` is the sequence that saves position, look and charset. */
function savedCursor(buffer: InnerBuffer, save: string): string {
  const row = Math.max(buffer.savedY - buffer.ybase, 0)
  const at = moveTo(row, buffer.savedX) + sgr(buffer.savedCurAttrData)
  return isLineDrawing(buffer.savedCharset) ? `${at}\x1b(0${save}\x1b(B` : at + save
}

function tabStops(buffer: InnerBuffer, columns: number): string {
  const stops = Array.from({ length: columns }, (_, x) => x).filter((x) => buffer.tabs[x])
  const isDefault =
    stops.length === Math.ceil(columns / TAB_WIDTH) && stops.every((x) => x % TAB_WIDTH === 0)
  if (isDefault) return ''
  return `\x1b[3g${stops.map((x) => `\x1b[${x + 1}G\x1bH`).join('')}`
}

/** Both move the cursor home, so they come before it is placed. */
function margins(terminal: Terminal, buffer: InnerBuffer): string {
  const isFull = buffer.scrollTop === 0 && buffer.scrollBottom === terminal.rows - 1
  return (
    (isFull ? '' : `\x1b[${buffer.scrollTop + 1};${buffer.scrollBottom + 1}r`) +
    (terminal.modes.originMode ? set('6') : '')
  )
}

function modes(terminal: Terminal): string {
  const { coreService, coreMouseService } = coreOf(terminal)
  const mode = terminal.modes
  const { cursorStyle, cursorBlink } = coreService.decPrivateModes
  const encoding = MOUSE_ENCODING[coreMouseService.activeEncoding]
  const parts = [
    mode.applicationCursorKeysMode ? set('1') : '',
    mode.applicationKeypadMode ? '\x1b=' : '',
    mode.bracketedPasteMode ? set('2004') : '',
    mode.reverseWraparoundMode ? set('45') : '',
    mode.sendFocusMode ? set('1004') : '',
    mode.wraparoundMode ? '' : '\x1b[?7l',
    mode.mouseTrackingMode === 'none' ? '' : set(MOUSE_TRACKING[mode.mouseTrackingMode]),
    encoding ? set(encoding) : '',
    coreService.isCursorHidden ? '\x1b[?25l' : set('25'),
    cursorStyle ? `\x1b[${CURSOR_STYLE[cursorStyle] + (cursorBlink ? 0 : 1)} q` : '',
  ]
  return parts.join('')
}

/** Named only where they differ from ASCII. */
function charsets(terminal: Terminal): string {
  const { charset, glevel, _charsets: slots } = coreOf(terminal)._charsetService
  const named = ['(', ')', '*', '+'].map((slot, g) =>
    isLineDrawing(g === glevel ? charset : slots[g]) ? `\x1b${slot}0` : '',
  )
  return named.join('') + (['', '\x0e', '\x1bn', '\x1bo'][glevel] ?? '')
}

/**
 * Comes last. A cursor that stands past the last column, waiting to wrap, gets there only by
 * printing; and a mark that joins the character before it joins only right after that was printed.
 */
function cursor(terminal: Terminal, buffer: InnerBuffer): string {
  const { _inputHandler: input } = coreOf(terminal)
  const { originMode, insertMode } = terminal.modes
  const row = buffer.y - (originMode ? buffer.scrollTop : 0)
  const isWaiting = buffer.x >= terminal.cols
  const isJoinable = input._parser.precedingJoinState !== 0
  const pen = penSgr(input._curAttrData) + link(terminal, input._curAttrData)
  const rest = pen + charsets(terminal) + (insertMode ? '\x1b[4h' : '')
  if (!isWaiting && !isJoinable) return moveTo(row, buffer.x) + rest

  const line = terminal.buffer.active.getLine(buffer.ybase + buffer.y)
  const before = line?.getCell(buffer.x - 1)
  const last = before?.getWidth() === 0 ? line?.getCell(buffer.x - 2) : before
  if (!last || last.getCode() === 0) return moveTo(row, buffer.x - (isWaiting ? 1 : 0)) + rest
  const width = Math.max(last.getWidth(), 1)
  const start = moveTo(row, buffer.x - width)
  // Joinable means that it was printed with the pen as it is now, charset included; when that
  // inserts, the one that stands there makes room first.
  const room = insertMode ? `\x1b[${width}P` : ''
  return isJoinable
    ? rest + start + room + last.getChars()
    : start + link(terminal, attributesOf(last)) + sgr(attributesOf(last)) + last.getChars() + rest
}

/** Opens the link of `attributes`, or closes one that is open. */
function link(terminal: Terminal, attributes: CellAttributes): string {
  const data = coreOf(terminal)._oscLinkService.getLinkData(activeLink(attributes))
  return data ? `\x1b]8;${data.id ? `id=${data.id}` : ''};${data.uri}\x1b\\` : '\x1b]8;;\x1b\\'
}
