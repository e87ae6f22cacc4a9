import type { Api } from '../../../src/shared/contract/api.ts'
import type { HandlersOf } from '../../../src/shared/contract/define.ts'
import { TerminalId } from '../../../src/shared/domain/ids.ts'
import { processKey } from '../../../src/shared/domain/process.ts'
import type { Fact } from '../../../src/shared/domain/timeline.ts'
import { err, ok } from '../../../src/shared/result.ts'
import { sessionId } from './sessions.ts'

/** Terminals that are opened besides the agent's; the session in a machine lets none in. */
export function fakeTerminals(
  seen: string[],
  report: (session: string, fact: Fact) => void,
): HandlersOf<Api>['terminal'] {
  let last = 0
  return {
    open: ({ session }) => {
      seen.push(`open a terminal of ${session}`)
      if (session !== sessionId(1) && last > 0)
        return Promise.resolve(
          err({
            type: 'refused' as const,
            reason: 'A virtual machine runs no program but its agent’s.',
          }),
        )
      const number = ++last
      const terminal = TerminalId.parse(`trm_${String(number).padStart(16, '0')}`)
      report(session, { type: 'terminal/opened', terminal, number, key: processKey(4300, 900) })
      return Promise.resolve(ok(terminal))
    },
    close: ({ session, terminal }) => {
      seen.push(`close ${terminal}`)
      report(session, { type: 'terminal/ended', terminal, exit: { kind: 'exited', code: 0 } })
      return Promise.resolve(ok(null))
    },
  }
}
