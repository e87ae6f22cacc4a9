/**
 * Who answers a program that asks its terminal something (cursor position, attributes, colours):
 * always and only the PTY host's own screen. It is there before the first viewer and in the same
 * state for all of them; programs ask at start, and two viewers would answer twice. A viewer's
 * xterm must therefore stay silent: it calls `silenceQueries(terminal.parser)` once, before the
 * first byte. What a person does (keys, paste, mouse, focus) still leaves through `onData`.
 */
export interface SequenceId {
  readonly prefix?: string
  readonly intermediates?: string
  readonly final: string
}

/** Control sequences that xterm answers, or that would be answered by a later version of it. */
export const CSI_QUERIES: readonly SequenceId[] = [
  // Primary, secondary and tertiary device attributes.
  { final: 'c' },
  { prefix: '>', final: 'c' },
  { prefix: '=', final: 'c' },
  // Status and cursor position.
  { final: 'n' },
  { prefix: '?', final: 'n' },
  // Requested modes, ANSI and DEC.
  { intermediates: '$', final: 'p' },
  { prefix: '?', intermediates: '$', final: 'p' },
  // Terminal name and version.
  { prefix: '>', final: 'q' },
  // Keyboard protocol flags.
  { prefix: '?', final: 'u' },
  // Window reports.
  { final: 't' },
]

/** Requested settings (DECRQSS) and termcap (XTGETTCAP). */
export const DCS_QUERIES: readonly SequenceId[] = [
  { intermediates: '$', final: 'q' },
  { intermediates: '+', final: 'q' },
]

/** Colours: palette, foreground, background, cursor. The same numbers also set them. */
export const OSC_COLORS: readonly number[] = [4, 10, 11, 12]

export const asksForColor = (data: string): boolean => data.split(';').includes('?')

/** The part of xterm's `IParser` that is needed; structural, so no renderer type is imported. */
export interface QueryParser {
  registerCsiHandler(id: SequenceId, handle: () => boolean): unknown
  registerDcsHandler(id: SequenceId, handle: () => boolean): unknown
  registerOscHandler(ident: number, handle: (data: string) => boolean): unknown
}

/** A handler that returns true ends the sequence there: xterm's own, older one never answers. */
export function silenceQueries(parser: QueryParser): void {
  for (const id of CSI_QUERIES) parser.registerCsiHandler(id, () => true)
  for (const id of DCS_QUERIES) parser.registerDcsHandler(id, () => true)
  for (const ident of OSC_COLORS) parser.registerOscHandler(ident, asksForColor)
}
