import type { IBufferCell, Terminal } from '@xterm/headless'

/**
 * State of the headless terminal that its public interface does not show and a snapshot needs.
 * This is the only file that reaches into `_core`; the snapshot tests fail when an upgrade of
 * `@xterm/headless` moves any of it.
 */
export interface CellAttributes {
  readonly fg: number
  readonly bg: number
  readonly extended: {
    /** Underline style and colour without the style that a link forces. */
    readonly _ext: number
    readonly urlId: number
  }
}

export interface InnerBuffer {
  readonly x: number
  readonly y: number
  readonly ybase: number
  readonly scrollTop: number
  readonly scrollBottom: number
  readonly savedX: number
  readonly savedY: number
  readonly savedCurAttrData: CellAttributes
  readonly savedCharset: Charset
  readonly tabs: Readonly<Record<number, boolean>>
}

export type Charset = Readonly<Record<string, string>> | undefined

export interface ColorRequest {
  /** 0 asks, 1 sets, 2 restores; `index` undefined restores the whole palette. */
  readonly type: 0 | 1 | 2
  /** 0-255 palette, 256 foreground, 257 background, 258 cursor. */
  readonly index?: number
  readonly color?: readonly [number, number, number]
}

export interface TerminalCore {
  readonly buffers: {
    readonly normal: InnerBuffer
    readonly alt: InnerBuffer
    readonly active: InnerBuffer
  }
  readonly coreService: {
    readonly isCursorHidden: boolean
    readonly decPrivateModes: {
      readonly cursorStyle?: 'block' | 'underline' | 'bar'
      readonly cursorBlink?: boolean
    }
  }
  readonly coreMouseService: { readonly activeEncoding: string }
  readonly _charsetService: {
    /** The one in use; restoring a cursor changes it and leaves the slots as they are. */
    readonly charset: Charset
    readonly glevel: number
    readonly _charsets: readonly Charset[]
  }
  readonly _oscLinkService: {
    getLinkData(id: number): { readonly id?: string; readonly uri: string } | undefined
  }
  readonly _inputHandler: {
    readonly _curAttrData: CellAttributes
    readonly _parser: { readonly currentState: number; readonly precedingJoinState: number }
    onColor(listener: (requests: readonly ColorRequest[]) => void): void
  }
}

export const coreOf = (terminal: Terminal): TerminalCore =>
  (terminal as unknown as { readonly _core: TerminalCore })._core

/** A public cell is the inner cell object behind a narrower type. */
export const attributesOf = (cell: IBufferCell): CellAttributes => cell as unknown as CellAttributes

/** The parser is between sequences: nothing that was written so far is half understood. */
export const isGround = (terminal: Terminal): boolean =>
  coreOf(terminal)._inputHandler._parser.currentState === 0
