export interface TerminalSize {
  readonly cols: number
  readonly rows: number
}

/** One viewer of one terminal. Nothing it does or fails to do can pause the program. */
export interface TerminalViewer {
  /** Redraw from this; it includes all output before `offset`. */
  screen(offset: number, size: TerminalSize, bytes: Uint8Array): void
  output(offset: number, bytes: Uint8Array): void
  resized(size: TerminalSize): void
}
