import { type ReactNode, useEffect, useState } from 'react'
import type { SessionId, TerminalId } from '../../shared/domain/ids.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import type { FurtherTerminal } from '../../shared/terminals-projection.ts'
import type { RecordedLog } from '../stores/recorded-log.ts'
import { openTerminal, showTerminal, useTerminals, wantToClose } from '../stores/terminals.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Tabs } from '../ui/choices.tsx'
import { Failed, Loading } from '../ui/states.tsx'
import { withChord } from '../keys.ts'
import { NEW_TERMINAL_KEY } from '../words/terminals.ts'
import { wordsOfExit } from '../words/outcomes.ts'
import { RecordedTerminal } from './recorded-terminal.tsx'
import { LiveTerminal } from './terminal.tsx'

const AGENT = 'agent'

interface TerminalTabsProps {
  readonly session: SessionId
  readonly terminals: readonly FurtherTerminal[]
  /** null: the agent's. */
  readonly current: FurtherTerminal | null
  readonly end?: ReactNode
}

/** The agent's terminal and those that a person opened beside it; nothing where there is only the one. */
function TerminalTabs({ session, terminals, current, end }: TerminalTabsProps) {
  if (terminals.length === 0) return null
  return (
    <div className="terminal-tabs">
      <Tabs
        label="Terminals"
        testId="terminal-tab"
        value={current ? String(current.number) : AGENT}
        tabs={[
          { value: AGENT, label: 'Agent' },
          ...terminals.map(({ number }) => ({
            value: String(number),
            label: `Terminal ${number}`,
          })),
        ]}
        onChange={(value) =>
          showTerminal(
            session,
            terminals.find(({ number }) => String(number) === value)?.id ?? null,
          )
        }
        end={end}
      />
    </div>
  )
}

/** The terminals of a running session, of which one is seen. */
export function LiveTerminals({ session }: { session: Session }) {
  const { id } = session
  const all = useView((view) => view.state.terminals)
  const closed = useTerminals((state) => state.closed)
  const shown = useTerminals((state) => state.shown.get(id))
  const terminals = all.filter((each) => !closed.has(each.id))
  const current = terminals.find((each) => each.id === shown) ?? null
  const tools = <TerminalTools session={session} current={current} />
  return (
    <>
      <TerminalTabs session={id} terminals={terminals} current={current} end={tools} />
      <LiveTerminal
        key={current?.id ?? id}
        sessionId={id}
        terminal={current?.id ?? null}
        tools={terminals.length === 0 && tools}
      />
    </>
  )
}

function TerminalTools({
  session,
  current,
}: {
  session: Session
  current: FurtherTerminal | null
}) {
  const state = useView((view) => view.state)
  const isOpening = useTerminals(({ opening }) => opening.has(session.id))
  return (
    <span className="row terminal-tools">
      {current?.exit && (
        <span role="status" data-testid="terminal-ended">
          {wordsOfExit(current.exit)}
        </span>
      )}
      {current && (
        <Button
          small
          look="quiet"
          icon="close"
          aria-label={`Close terminal ${current.number}`}
          onClick={() => wantToClose(session.id, current.id, state)}
          data-testid="terminal-close"
        />
      )}
      <Button
        small
        look="quiet"
        icon="add"
        aria-label={withChord('New terminal', NEW_TERMINAL_KEY)}
        aria-busy={isOpening}
        disabled={isOpening || !isLive(session) || session.status === 'stopping'}
        onClick={() => void openTerminal(session.id)}
        data-testid="terminal-new"
      />
    </span>
  )
}

interface RecordedTerminalsProps {
  readonly session: SessionId
  /** The agent's. */
  readonly log: RecordedLog
  readonly follow: (show: (monoMs: number) => void) => () => void
  readonly seek?: (atMs: number) => void
}

/** The terminals of a recording as far as they were opened by now, of which one is seen. */
export function RecordedTerminals({ session, log, follow, seek }: RecordedTerminalsProps) {
  const terminals = useView((view) => view.state.terminals)
  const shown = useTerminals((state) => state.shown.get(session))
  const current = terminals.find((each) => each.id === shown) ?? null
  const show = { follow, ...(seek ? { seek } : {}) }
  return (
    <>
      <TerminalTabs session={session} terminals={terminals} current={current} />
      {current ? (
        <FurtherRecorded key={current.id} session={session} terminal={current.id} {...show} />
      ) : (
        <RecordedTerminal log={log} {...show} />
      )}
    </>
  )
}

function FurtherRecorded({
  session,
  terminal,
  ...show
}: Omit<Parameters<typeof RecordedTerminal>[0], 'log'> & {
  readonly session: SessionId
  readonly terminal: TerminalId
}) {
  const source = useView((view) => view.source)
  const [log, setLog] = useState<RecordedLog | 'failed' | null>(null)
  useEffect(() => {
    let isGone = false
    source
      .terminal(terminal)
      .then((loaded) => !isGone && setLog(loaded))
      .catch(() => !isGone && setLog('failed'))
    return () => {
      isGone = true
    }
  }, [source, terminal])
  if (log === null) return <Loading what="the terminal" />
  if (log === 'failed')
    return <Failed what="The terminal" retry={() => showTerminal(session, null)} />
  return <RecordedTerminal log={log} {...show} />
}
