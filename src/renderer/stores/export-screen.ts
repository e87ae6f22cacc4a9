import { SerializeAddon } from '@xterm/addon-serialize'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { Terminal } from '@xterm/xterm'
import { type DrawnScreen, drawnScreen } from '../../shared/recording/page-screens.ts'
import { guardTerminal, scrollsPlainly } from '../../shared/terminal-guard.ts'
import { silenceQueries } from '../../shared/terminal-queries.ts'
import { UNICODE_VERSION } from '../../shared/terminal-settings.ts'

/** Lines above a screen that a replay which begins there can show. */
const LINES = 200

/** A screen as the player of a replay draws those it makes on its way. */
export function createExportScreen(): DrawnScreen {
  const terminal = new Terminal({ allowProposedApi: true, scrollback: LINES, logLevel: 'off' })
  guardTerminal(terminal, () => undefined)
  silenceQueries(terminal.parser)
  const serializer = new SerializeAddon()
  terminal.loadAddon(serializer)
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = UNICODE_VERSION
  const encoder = new TextEncoder()
  return drawnScreen(terminal, () =>
    // Margins are lost in what is drawn, so there may be none.
    scrollsPlainly(terminal)
      ? encoder.encode(`\x1bc${serializer.serialize({ scrollback: LINES })}`)
      : null,
  )
}
