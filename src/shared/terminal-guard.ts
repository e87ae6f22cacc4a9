/**
 * Output of a program must not be able to break the terminal that shows it. xterm 6.0 throws on
 * `CSI 1 J` in the last cell of a screen without scrollback, and any exception in its parser stops
 * that terminal for ever; it also carries out a count of two thousand million one by one. In the
 * PTY host either would end every session.
 * Every xterm of this product, with or without a display, goes through here before its first byte.
 */
export interface GuardedTerminal {
  readonly cols: number
  readonly rows: number
  readonly buffer: {
    readonly active: { readonly cursorX: number; readonly cursorY: number; readonly length: number }
  }
  readonly parser: {
    registerCsiHandler(
      id: { readonly prefix?: string; readonly final: string },
      handle: (parameters: (number | number[])[]) => boolean,
    ): unknown
  }
}

/** Sequences that repeat one step; past the edge of the screen a step changes nothing any more. */
const REPEATED = [
  ['I', 'cursorForwardTab', 'cols'],
  ['Z', 'cursorBackwardTab', 'cols'],
  ['b', 'repeatPrecedingCharacter', 'cols'],
  ['L', 'insertLines', 'rows'],
  ['M', 'deleteLines', 'rows'],
  ['S', 'scrollUp', 'rows'],
  ['T', 'scrollDown', 'rows'],
] as const

type Step = (parameters: { readonly params: readonly number[] }) => boolean

interface Core {
  readonly rows: number
  readonly buffers: {
    readonly active: { readonly scrollTop: number; readonly scrollBottom: number }
  }
  readonly coreService: { readonly modes: { readonly insertMode: boolean } }
  readonly _writeBuffer: {
    _action: (data: string | Uint8Array, isResumed?: boolean) => unknown
  }
  readonly _inputHandler: Readonly<Record<(typeof REPEATED)[number][1], Step>> & {
    readonly _parser: { readonly currentState: number; reset(): void }
    eraseInDisplay(parameters: { readonly params: number[] }, isSelective: boolean): boolean
  }
}

const cores = new WeakMap<GuardedTerminal, Core>()

/**
 * Lines that are written now scroll the whole screen: the parser is between sequences, and neither
 * margins nor a mode make a line do anything else. Only of a terminal that is guarded.
 */
export function scrollsPlainly(terminal: GuardedTerminal): boolean {
  const core = cores.get(terminal)
  if (!core || core._inputHandler._parser.currentState !== 0) return false
  const { scrollTop, scrollBottom } = core.buffers.active
  return scrollTop === 0 && scrollBottom === core.rows - 1 && !core.coreService.modes.insertMode
}

/** `fault`: the rest of one chunk could not be drawn; what follows is drawn again. */
export function guardTerminal(terminal: GuardedTerminal, fault: (cause: unknown) => void): void {
  const core = (terminal as unknown as { readonly _core: Core })._core
  cores.set(terminal, core)
  const act = core._writeBuffer._action
  core._writeBuffer._action = (data, isResumed) => {
    try {
      return act(data, isResumed)
    } catch (cause) {
      core._inputHandler._parser.reset()
      fault(cause)
      return undefined
    }
  }

  for (const [final, step, edge] of REPEATED)
    terminal.parser.registerCsiHandler({ final }, ([count]) => {
      const most = terminal[edge]
      if (typeof count !== 'number' || count <= most) return false
      return core._inputHandler[step]({ params: [most] })
    })

  // Erasing everything up to the last cell is erasing everything, which it does without throwing.
  const eraseAll =
    (isSelective: boolean) =>
    ([parameter]: (number | number[])[]): boolean => {
      const { cursorX, cursorY, length } = terminal.buffer.active
      if (parameter !== 1 || cursorX + 1 < terminal.cols || cursorY + 1 < length) return false
      return core._inputHandler.eraseInDisplay({ params: [2] }, isSelective)
    }
  terminal.parser.registerCsiHandler({ final: 'J' }, eraseAll(false))
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'J' }, eraseAll(true))
}
