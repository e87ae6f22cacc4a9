import type { ReactNode } from 'react'
import type { ProcessNode } from '../../shared/domain/process.ts'
import type { ProcessInspection } from '../../shared/domain/process-details.ts'
import { isLive } from '../../shared/domain/session.ts'
import { useProcessDetails } from '../stores/process-actions.ts'
import type { ProcessForest } from '../stores/process-forest.ts'
import { select } from '../stores/selection.ts'
import { setUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { AgentText, Path } from '../ui/text.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatBytes, formatDuration, formatTime, plural } from '../words/format.ts'
import { NETWORK_STATES, wordsOfExit } from '../words/outcomes.ts'
import { ORIGIN_NAMES, ROLE_NAMES, STATE_NAMES } from '../words/processes.ts'
import { joinArgv } from '../words/reveal.ts'
import { ProcessControls } from './process-controls.tsx'
import { ProcessCopies } from './process-copies.tsx'

interface ProcessDetailsProps {
  readonly node: ProcessNode
  readonly forest: ProcessForest
}

/** Everything about one process: from the events, and while it runs from a look at it. */
export function ProcessDetails({ node, forest }: ProcessDetailsProps) {
  const mode = useView((view) => view.mode)
  const session = useView((view) => view.state.session)
  const canLook = mode === 'live' && node.endedAtMs === null && session !== null && isLive(session)
  return (
    <section className="details scroll" aria-label="Process details" data-testid="process-details">
      <StartedBy node={node} forest={forest} />
      <AgentText text={joinArgv(node.argv)} max={2000} />
      {canLook && (
        <ProcessControls session={session.id} node={node} below={forest.runningBelow(node.key)} />
      )}
      <Recorded node={node} isLive={mode === 'live'} />
      {canLook && <Inspection session={session.id} node={node} />}
      <Attempts node={node} />
      <ProcessCopies from={node.key} forest={forest} />
    </section>
  )
}

/** Who started this: from the first process down, each a way to it. */
function StartedBy({ node, forest }: ProcessDetailsProps) {
  const processes = useView((view) => view.state.processes)
  const above = forest.pathTo(node.startedBy ?? node.key)
  const path = node.startedBy ? above : above.slice(0, -1)
  if (path.length === 0) return null
  return (
    <nav className="started-by small" aria-label="Who started this" data-testid="started-by">
      {path.map((key) => {
        const at = processes.get(key)
        return (
          <span key={key}>
            <button
              type="button"
              className="link"
              onClick={() => select({ kind: 'process', key }, null)}
            >
              <AgentText text={at?.name ?? key} max={32} bare />
            </button>
            <span className="faint"> › </span>
          </span>
        )
      })}
      {node.startedBy && <span className="faint">left its parent</span>}
    </nav>
  )
}

function Recorded({ node, isLive }: { node: ProcessNode; isLive: boolean }) {
  const now = useNow(isLive && node.endedAtMs === null)
  const lastedMs = (node.endedAtMs ?? now) - node.startedAtMs
  return (
    <dl className="facts">
      <dt>pid</dt>
      <dd className="num">
        {node.pid}
        {node.innerPid !== null && ` · ${node.innerPid} inside`}
        {node.role && ` · ${ROLE_NAMES[node.role]}`}
      </dd>
      <dt>Executable</dt>
      <dd>{node.exe ? <AgentText text={node.exe} max={500} bare /> : 'not readable'}</dd>
      <dt>Folder</dt>
      <dd>{node.cwd ? <Path path={node.cwd} /> : 'not readable'}</dd>
      <dt>Started</dt>
      <dd className="num">
        {formatTime(node.startedAtMs)} ·{' '}
        {isLive || node.endedAtMs !== null ? formatDuration(lastedMs) : 'running'}
      </dd>
      <dt>{node.exit ? 'Ended' : 'State'}</dt>
      <dd>{node.exit ? wordsOfExit(node.exit) : (STATE_NAMES[node.state] ?? node.state)}</dd>
    </dl>
  )
}

function Inspection({
  session,
  node,
}: {
  session: Parameters<typeof useProcessDetails>[0]
  node: ProcessNode
}) {
  const details = useProcessDetails(session, node.key)
  if (details === null) return <p className="small faint">Looking at it…</p>
  if (details.type !== 'found') return <p className="small faint">It ended just now.</p>
  const { inspection } = details
  const { executable, io } = inspection
  return (
    <div data-testid="process-inspection">
      <dl className="facts">
        <dt>Program</dt>
        <dd data-testid="process-origin">
          {executable.copyOf ? (
            <>
              a copy of <AgentText text={executable.copyOf} max={300} bare />
            </>
          ) : (
            ORIGIN_NAMES[executable.origin]
          )}
        </dd>
        <dt>User</dt>
        <dd className="num">
          {inspection.uid} · {plural(inspection.threads, 'thread')}
        </dd>
        <dt>Used</dt>
        <dd className="num">
          {formatDuration(inspection.cpuMs)} computing, {formatBytes(inspection.rssBytes)}
        </dd>
        <dt>Files</dt>
        <dd className="num">
          {io
            ? `${formatBytes(io.readBytes)} read, ${formatBytes(io.writtenBytes)} written`
            : 'may not be read'}
        </dd>
      </dl>
      <Lists inspection={inspection} />
    </div>
  )
}

function Lists({ inspection }: { inspection: ProcessInspection }) {
  const { connections, writing, environmentNames, isOpen, isCut } = inspection
  return (
    <>
      {!isOpen && <p className="small faint">Its open files and connections may not be read.</p>}
      <Names title="Open for writing" names={writing} testId="process-writing" />
      <Names
        title="Connections"
        names={connections.map(
          ({ protocol, local, remote, state }) =>
            `${protocol} ${local}${remote ? ` → ${remote}` : ''} ${state}`,
        )}
        testId="process-connections"
      />
      {environmentNames === null ? (
        <p className="small faint">Its environment may not be read.</p>
      ) : (
        <Names
          title="Environment, names only"
          names={environmentNames}
          testId="process-environment"
        />
      )}
      {isCut && <p className="small faint">There is more; the lists are cut.</p>}
    </>
  )
}

function Names({
  title,
  names,
  testId,
}: {
  title: string
  names: readonly string[]
  testId: string
}) {
  if (names.length === 0) return null
  return (
    <More title={title} count={names.length} testId={testId}>
      {names.map((name, index) => (
        <li key={index}>
          <AgentText text={name} max={300} bare />
        </li>
      ))}
    </More>
  )
}

/** The connections it asked for, allowed or not, and whether a person was asked about them. */
function Attempts({ node }: { node: ProcessNode }) {
  const network = useView((view) => view.state.network)
  const pending = useView((view) => view.state.pending)
  const answered = useView((view) => view.state.answered)
  const own = [...network.values()].filter(({ requester }) => requester?.process.key === node.key)
  if (own.length === 0) return null
  const asked = new Set(
    [...pending, ...answered.map(({ request }) => request)].flatMap((item) => item.connections),
  )
  return (
    <More title="Attempts to connect" count={own.length} testId="process-attempts">
      {own
        .slice(-MAX_ATTEMPTS)
        .reverse()
        .map(({ id, destination, state }) => (
          <li key={id}>
            <button
              type="button"
              className="link"
              onClick={() => {
                select({ kind: 'connection', id }, null)
                setUi({ inspectorTab: 'network' })
              }}
            >
              <span className="mono">
                {destination.host}:{destination.port}
              </span>
            </button>{' '}
            <span className="faint">
              {NETWORK_STATES[state].toLowerCase()}
              {asked.has(id) && ', prompted'}
            </span>
          </li>
        ))}
    </More>
  )
}

const MAX_ATTEMPTS = 200

function More({
  title,
  count,
  testId,
  children,
}: {
  title: string
  count: number
  testId: string
  children: ReactNode
}) {
  return (
    <details className="more small" data-testid={testId}>
      <summary>
        {title} <span className="faint num">{count}</span>
      </summary>
      <ul className="more-list">{children}</ul>
    </details>
  )
}
