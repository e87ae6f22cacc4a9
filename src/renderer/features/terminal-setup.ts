import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { WebglAddon } from '@xterm/addon-webgl'
import { type ITheme, Terminal } from '@xterm/xterm'
import { guardTerminal } from '../../shared/terminal-guard.ts'
import { silenceQueries } from '../../shared/terminal-queries.ts'
import { SCROLLBACK_LINES, UNICODE_VERSION } from '../../shared/terminal-settings.ts'
import { isMac } from '../keys.ts'
import { createCspDocument, openUnderCsp, styleSpansByCssom } from './csp-document.ts'

export interface TerminalEvents {
  /** A link is under the pointer; null: no longer. Always the real target, never the label. */
  readonly onHover: (target: string | null) => void
  /** Modifier click on a link. The target is http or https. */
  readonly onOpen: (target: string) => void
  readonly onTitle: (title: string) => void
}

export interface TerminalParts {
  readonly terminal: Terminal
  readonly fit: FitAddon
  readonly search: SearchAddon
  dispose(): void
}

/** A terminal that never answers a program, never touches the clipboard and never opens anything. */
export function createTerminal(parent: HTMLElement, events: TerminalEvents): TerminalParts {
  const link = {
    activate: (event: MouseEvent, target: string) => {
      if ((isMac() ? event.metaKey : event.ctrlKey) && isWebAddress(target)) events.onOpen(target)
    },
    hover: (_: MouseEvent, target: string) => events.onHover(target),
    leave: () => events.onHover(null),
  }
  const terminal = new Terminal({
    allowProposedApi: true,
    documentOverride: createCspDocument(),
    scrollback: SCROLLBACK_LINES,
    fontFamily: cssValue('--font-mono'),
    fontSize: 13,
    lineHeight: 1.2,
    theme: readTheme(),
    linkHandler: { ...link, allowNonHttpProtocols: false },
    macOptionIsMeta: true,
    rightClickSelectsWord: false,
  })
  guardTerminal(terminal, (cause) => console.warn('part of the output could not be drawn', cause))
  silenceQueries(terminal.parser)
  // Clipboard writes and notifications are the person's, not the program's.
  for (const ident of [9, 52, 777, 99]) terminal.parser.registerOscHandler(ident, () => true)
  const fit = new FitAddon()
  const search = new SearchAddon()
  terminal.loadAddon(fit)
  terminal.loadAddon(search)
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = UNICODE_VERSION
  terminal.loadAddon(new WebLinksAddon(link.activate, { hover: link.hover, leave: link.leave }))
  terminal.onTitleChange(events.onTitle)
  styleSpansByCssom()
  openUnderCsp(() => terminal.open(parent))
  drawWithWebgl(terminal)
  return { terminal, fit, search, dispose: () => terminal.dispose() }
}

export function isWebAddress(target: string): boolean {
  try {
    const { protocol } = new URL(target)
    return protocol === 'http:' || protocol === 'https:'
  } catch {
    return false
  }
}

/** Falls back to the DOM where there is no WebGL, or when its context is lost. */
function drawWithWebgl(terminal: Terminal): void {
  try {
    const webgl = new WebglAddon()
    webgl.onContextLoss(() => webgl.dispose())
    terminal.loadAddon(webgl)
  } catch {
    // The DOM renderer is already there.
  }
}

const cssValue = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim()

const ANSI = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const

/** Terminal colours come from theme.css like all others. */
function readTheme(): ITheme {
  const theme: Record<string, string> = {
    background: cssValue('--term-bg'),
    foreground: cssValue('--term-fg'),
    cursor: cssValue('--term-cursor'),
    selectionBackground: cssValue('--term-selection'),
    scrollbarSliderBackground: '#9a9fa833',
    scrollbarSliderHoverBackground: '#9a9fa855',
    scrollbarSliderActiveBackground: '#9a9fa877',
  }
  for (const name of ANSI) {
    theme[name] = cssValue(`--term-${name}`)
    theme[`bright${name[0]!.toUpperCase()}${name.slice(1)}`] = cssValue(`--term-bright-${name}`)
  }
  return theme
}
