import type { Api } from '../../../src/shared/contract/api.ts'
import type { HandlersOf } from '../../../src/shared/contract/define.ts'
import { TerminalId } from '../../../src/shared/domain/ids.ts'
import {
  type ProcessKey,
  type ProcessNode,
  processKey,
} from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { err, ok } from '../../../src/shared/result.ts'
import type { ByteServices } from '../../../src/shared/rpc/server.ts'
import { screenBytes } from './screens.ts'

const REFUSED = 'The sandbox of macOS cannot be entered once it stands.'

const node = (pid: number, argv: string[], parent: ProcessKey | null): ProcessNode => ({
  ...{ key: processKey(pid, pid), pid, innerPid: pid - 4000, parent, role: 'terminal' },
  ...{ name: argv[0]!, argv, exe: `/usr/bin/${argv[0]}`, cwd: '/home/ada/src/lighthouse' },
  ...{ state: 'S', cpuPercent: 0, rssBytes: 4_000_000, startedAtMs: Date.now() },
  ...{ endedAtMs: null, exit: null },
})

/** Terminals that are opened besides the agent's: in the first a server runs, and a fourth is refused. */
export function fakeTerminals(
  seen: string[],
  report: (session: string, fact: Fact) => void,
): HandlersOf<Api>['terminal'] {
  let last = 0
  return {
    open: ({ session }) => {
      seen.push(`open a terminal of ${session}`)
      if (last === 3) return Promise.resolve(err({ type: 'refused' as const, reason: REFUSED }))
      const number = ++last
      const terminal = TerminalId.parse(`trm_${String(number).padStart(16, '0')}`)
      const shell = node(4500 + number, ['bash'], null)
      report(session, { type: 'proc/started', node: shell })
      report(session, { type: 'terminal/opened', terminal, number, key: shell.key })
      if (number === 1)
        report(session, { type: 'proc/started', node: node(4600, ['vite', '--host'], shell.key) })
      if (number === 3)
        report(session, { type: 'terminal/ended', terminal, exit: { kind: 'exited', code: 7 } })
      return Promise.resolve(ok(terminal))
    },
    close: ({ session, terminal }) => {
      seen.push(`close ${terminal}`)
      report(session, { type: 'terminal/ended', terminal, exit: { kind: 'exited', code: 0 } })
      return Promise.resolve(ok(null))
    },
  }
}

type OpenTerminal = ByteServices['openTerminal']

/** What a viewer sees; what is typed and drawn is told. `isDrawn`: the agent's is a whole screen. */
export function fakeScreen(
  seen: string[],
  viewer: Parameters<OpenTerminal>[1],
  isDrawn: boolean,
  further: Parameters<OpenTerminal>[2],
): ReturnType<OpenTerminal> {
  const bytes = isDrawn && !further ? screenBytes() : new TextEncoder().encode('$ ')
  const place = further ? ` in ${further}` : ''
  let size = { cols: 90, rows: 30 }
  setTimeout(() => viewer.screen(bytes.length, size, bytes), 0)
  return {
    write: (typed) => seen.push(`typed ${JSON.stringify(new TextDecoder().decode(typed))}${place}`),
    resize: (wanted) => {
      size = wanted
      viewer.resized(wanted)
    },
    drawn: (offset) => seen.push(`drawn ${offset}`),
    close: () => undefined,
  }
}
