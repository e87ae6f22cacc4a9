import { createRequire } from 'node:module'
import type * as Unicode11 from '@xterm/addon-unicode11'
import type * as Headless from '@xterm/headless'
import { guardTerminal } from '../../shared/terminal-guard.ts'

// Both packages are CommonJS bundles whose exports Node cannot see without running them, so a
// plain named import compiles and then fails in the built program.
// Not named `require`: the bundler puts a variable of that name into every entry.
const load = createRequire(import.meta.url)

const { Terminal } = load('@xterm/headless') as typeof Headless
const { Unicode11Addon } = load('@xterm/addon-unicode11') as typeof Unicode11

/** `scrollback` lines of history, and the same character widths as every viewer. Cannot be broken. */
export function headlessTerminal(
  size: { readonly cols: number; readonly rows: number },
  scrollback: number,
  unicodeVersion: string,
  fault: (cause: unknown) => void,
): Headless.Terminal {
  const terminal = new Terminal({ ...size, scrollback, allowProposedApi: true, logLevel: 'off' })
  // The add-on is typed against the browser's Terminal and uses only `unicode`.
  terminal.loadAddon(new Unicode11Addon() as unknown as Headless.ITerminalAddon)
  terminal.unicode.activeVersion = unicodeVersion
  guardTerminal(terminal, fault)
  return terminal
}
