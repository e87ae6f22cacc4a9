import { useMemo } from 'react'
import type { NetworkEntry } from '../../shared/network-projection.ts'
import { select, useSelection } from '../stores/selection.ts'
import { showProcess } from '../stores/show-process.ts'
import { useView } from '../stores/view.ts'
import { Icon, type IconName } from '../ui/icons.tsx'
import { List } from '../ui/list.tsx'
import { Empty } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { formatBytes, formatDuration, formatTime } from '../words/format.ts'
import { NETWORK_STATES, wordsOfDecision } from '../words/outcomes.ts'
import { lookalike } from '../words/punycode.ts'
import { joinArgv } from '../words/reveal.ts'
import { wordsOfCarried, wordsOfExchange } from '../words/traffic.ts'
import { InsidePorts } from './inside-ports.tsx'

/** Where does it go, what was refused? */
export function NetworkList() {
  const state = useView((view) => view.state)
  const entries = useMemo(() => [...state.network.values()], [state])
  const subject = useSelection((state) => state.subject)
  const selected = subject?.kind === 'connection' ? subject.id : null
  if (entries.length === 0)
    return (
      <div className="panel-fill">
        <InsidePorts />
        <Empty icon="network" title="No connections">
          Nothing inside has tried to reach a host. There is no way out but the gateway of this
          sandbox, so every attempt is listed.
        </Empty>
      </div>
    )
  const refused = entries.filter((entry) => entry.state === 'refused').length
  const chosen = selected && state.network.get(selected)
  return (
    <div className="panel-fill" data-testid="network-list">
      <InsidePorts />
      <div className="panel-bar small num">
        {entries.length} attempted, {refused} refused
      </div>
      <List
        label="Connections"
        items={entries}
        keyOf={(entry) => entry.id}
        rowHeight={36}
        selected={selected}
        onSelect={(entry) => select({ kind: 'connection', id: entry.id }, null)}
        render={(entry) => <NetworkRow entry={entry} />}
        testId="network-rows"
        stickToEnd
      />
      {chosen && <NetworkDetails entry={chosen} />}
    </div>
  )
}

const STATE_ICONS: Readonly<Record<NetworkEntry['state'], IconName>> = {
  waiting: 'ask',
  refused: 'deny',
  connecting: 'forward',
  open: 'check',
  closed: 'check',
  failed: 'warning',
}

function NetworkRow({ entry }: { entry: NetworkEntry }) {
  const { destination, requester, state } = entry
  return (
    <div
      className={`network-row ${state}`}
      data-testid="network-row"
      data-host={destination.host}
      data-state={state}
    >
      <Icon name={STATE_ICONS[state]} />
      <span className="stack-tight grow">
        <span className="clip mono host" title={`${destination.host}:${destination.port}`}>
          {destination.host}
          <span className="faint">:{destination.port}</span>
        </span>
        <span className="clip small faint">
          {requester ? (
            <AgentText text={requester.process.name} max={40} bare />
          ) : (
            'unknown process'
          )}
          {' · '}
          {NETWORK_STATES[state].toLowerCase()}
        </span>
      </span>
      {entry.bytesUp + entry.bytesDown > 0 && (
        <span className="small num traffic">
          <span>↑ {formatBytes(entry.bytesUp)}</span>
          <span>↓ {formatBytes(entry.bytesDown)}</span>
        </span>
      )}
    </div>
  )
}

function NetworkDetails({ entry }: { entry: NetworkEntry }) {
  const sessionId = useView((view) => view.sessionId)
  const { destination, requester, decision } = entry
  const seen = lookalike(destination.host)
  return (
    <section
      className="details scroll"
      aria-label="Connection details"
      data-testid="network-details"
    >
      <p className="mono host-name">
        {destination.host}:{destination.port}
      </p>
      {seen && (
        <p className="warn-text small">
          Looks like <AgentText text={seen} />
        </p>
      )}
      <dl className="facts">
        <dt>State</dt>
        <dd>
          {NETWORK_STATES[entry.state]}
          {entry.reason && `: ${entry.reason}`}
        </dd>
        <dt>Decision</dt>
        <dd>{decision ? wordsOfDecision(decision) : 'None yet'}</dd>
        <dt>Carries</dt>
        <dd data-testid="network-carried">
          {entry.carried
            ? wordsOfCarried(entry.carried)
            : destination.protocol === 'http'
              ? 'plain HTTP'
              : 'Not known'}
        </dd>
        <dt>Address</dt>
        <dd className="mono">{entry.address ?? '–'}</dd>
        <dt>Asked</dt>
        <dd className="num">
          {formatTime(entry.requestedAtMs)}
          {entry.closedAtMs !== null &&
            ` · ${formatDuration(entry.closedAtMs - entry.requestedAtMs)}`}
        </dd>
        <dt>By</dt>
        <dd>
          {requester ? (
            <button
              type="button"
              className="link"
              title="Show in the process tree"
              onClick={() => showProcess(sessionId, requester.process.key)}
              data-testid="network-requester"
            >
              <AgentText text={joinArgv(requester.process.argv)} max={300} />
            </button>
          ) : (
            'A process that was already gone'
          )}
        </dd>
      </dl>
      {entry.exchanges.length > 0 && (
        <ol className="exchanges small mono" aria-label="Requests" data-testid="network-exchanges">
          {entry.exchanges.map((exchange, index) => (
            <li
              // Only ever added to at the end, and cut at the beginning.
              key={`${entry.exchanges.length - index}`}
              className={exchange.refusal === null ? 'clip' : 'warn-text'}
            >
              {wordsOfExchange(exchange)}
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
