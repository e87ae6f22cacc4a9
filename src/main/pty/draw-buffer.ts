import type { IBuffer, IBufferCell, Terminal } from '@xterm/headless'
import { activeLink, backgroundBits, sameLook, sgr, sgrBackground } from './sgr.ts'
import { attributesOf, coreOf, type CellAttributes } from './xterm-internals.ts'

const PLAIN: CellAttributes = { fg: 0, bg: 0, extended: { _ext: 0, urlId: 0 } }

/**
 * The pen of the terminal that will read the output: its column, look and open link.
 * Only differences are written.
 */
class Pen {
  readonly #out: string[] = []
  readonly #linkOf: (id: number) => { readonly id?: string; readonly uri: string } | undefined
  #look: CellAttributes = PLAIN
  #link = 0
  #column = 0

  constructor(terminal: Terminal) {
    this.#linkOf = (id) => coreOf(terminal)._oscLinkService.getLinkData(id)
  }

  text(): string {
    this.#setLink(0)
    return this.#out.join('')
  }

  char(column: number, cell: IBufferCell): void {
    const attributes = attributesOf(cell)
    const width = cell.getWidth()
    // A mark without a base stands alone only when the pen has just been moved.
    if (width === 0) this.#out.push(`\x1b[${column + 1}G`)
    else this.#moveTo(column)
    this.#setLink(activeLink(attributes))
    if (!sameLook(attributes, this.#look)) {
      this.#out.push(sgr(attributes))
      // The cell object is reused by the reader.
      const { fg, bg, extended } = attributes
      this.#look = { fg, bg, extended: { _ext: extended._ext, urlId: 0 } }
    }
    this.#out.push(cell.getChars())
    this.#column = column + Math.max(width, 1)
  }

  /** Empty cells that carry a background. */
  erase(column: number, count: number, background: number): void {
    this.#moveTo(column)
    this.#setBackground(background)
    this.#out.push(`\x1b[${count}X`)
  }

  newline(): void {
    this.#setBackground(0)
    this.#out.push('\r\n')
    this.#column = 0
  }

  /** Continues on the next row as one line. A row wraps only when its last column was written. */
  wrap(columns: number, lastCell: { readonly background: number } | null): void {
    this.#setLink(0)
    this.#setBackground(0)
    if (lastCell || this.#column !== columns) this.#out.push(`\x1b[${columns}G `)
    this.#out.push(' \r\x1b[X')
    if (lastCell) {
      this.#out.push('\x1b[A')
      this.#column = 0
      this.erase(columns - 1, 1, lastCell.background)
      this.#out.push('\x1b[B\r')
    }
    this.#column = 0
  }

  #moveTo(column: number): void {
    if (this.#column !== column) this.#out.push(`\x1b[${column + 1}G`)
    this.#column = column
  }

  #setBackground(background: number): void {
    if (sameLook(this.#look, { ...PLAIN, bg: background })) return
    this.#out.push(sgrBackground(background))
    this.#look = { ...PLAIN, bg: background }
  }

  #setLink(id: number): void {
    if (id === this.#link) return
    const link = id === 0 ? undefined : this.#linkOf(id)
    this.#out.push(
      link ? `\x1b]8;${link.id ? `id=${link.id}` : ''};${link.uri}\x1b\\` : '\x1b]8;;\x1b\\',
    )
    this.#link = id
  }
}

/** Draws lines `from`… of `buffer` into an empty terminal of the same size, scrollback included. */
export function drawBuffer(terminal: Terminal, buffer: IBuffer, from: number): string {
  const pen = new Pen(terminal)
  const columns = terminal.cols
  const cell = buffer.getNullCell()
  for (let y = from; y < buffer.length; y++) {
    const line = buffer.getLine(y)
    if (!line) continue
    let emptyFrom = -1
    let emptyBackground = 0
    const endEmpty = (column: number): void => {
      if (emptyFrom !== -1 && emptyBackground !== 0)
        pen.erase(emptyFrom, column - emptyFrom, emptyBackground)
      emptyFrom = -1
    }
    for (let x = 0; x < columns; x++) {
      line.getCell(x, cell)
      if (cell.getCode() !== 0) {
        endEmpty(x)
        pen.char(x, cell)
        if (cell.getWidth() === 2) x++
      } else {
        const background = backgroundBits(attributesOf(cell))
        if (emptyFrom !== -1 && background !== emptyBackground) endEmpty(x)
        if (emptyFrom === -1) emptyFrom = x
        emptyBackground = background
      }
    }
    const isLastEmpty = emptyFrom !== -1
    endEmpty(columns)
    if (y + 1 === buffer.length) break
    if (buffer.getLine(y + 1)?.isWrapped)
      pen.wrap(columns, isLastEmpty ? { background: emptyBackground } : null)
    else pen.newline()
  }
  return pen.text()
}
