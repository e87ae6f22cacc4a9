/** What every terminal of a session agrees on: the host's own screen, viewers and the replay. */
export const SCROLLBACK_LINES = 10_000

/** Version of `@xterm/addon-unicode11`; character widths differ without it, and so do screens. */
export const UNICODE_VERSION = '11'

/** `#rrggbb`. What programs are told when they ask for the terminal's colours. */
export interface TerminalTheme {
  readonly foreground: string
  readonly background: string
  readonly cursor: string
}

export const DARK_THEME: TerminalTheme = {
  foreground: '#e6e6e6',
  background: '#101216',
  cursor: '#e6e6e6',
}
