import { useMemo, useState } from 'react'
import type { ProcessKey, ProcessNode } from '../../shared/domain/process.ts'
import { select, useSelection } from '../stores/selection.ts'
import { useView } from '../stores/view.ts'
import { List } from '../ui/list.tsx'
import { Empty } from '../ui/states.tsx'
import { AgentText, Path } from '../ui/text.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatBytes, formatCpu, formatDuration, formatTime } from '../words/format.ts'
import { exitMark, wordsOfExit } from '../words/outcomes.ts'
import { joinArgv } from '../words/reveal.ts'

/** Whether the kernel told of every start and end, or they were looked for. */
function Watching() {
  const watching = useView((view) => view.state.watching)
  if (!watching) return null
  const isExact = watching.source === 'connector'
  return (
    <span
      className="faint"
      title={
        isExact
          ? 'The kernel tells of every start and end.'
          : `Looked for five times a second; short lives may be missed. ${watching.reason ?? ''}`
      }
      data-testid="process-watching"
      data-source={watching.source}
    >
      {isExact ? 'exact' : 'sampled'}
    </span>
  )
}

interface TreeRow {
  readonly node: ProcessNode
  readonly depth: number
}

/** Who started what, and what is left? */
export function ProcessTree() {
  const processes = useView((view) => view.state.processes)
  const isReplay = useView((view) => view.mode === 'replay')
  const [showsEnded, setShowsEnded] = useState(true)
  const rows = useMemo(() => flatten(processes, showsEnded), [processes, showsEnded])
  const subject = useSelection((state) => state.subject)
  const selected = subject?.kind === 'process' ? subject.key : null
  const running = [...processes.values()].filter((node) => node.endedAtMs === null).length
  if (processes.size === 0)
    return (
      <Empty icon="process" title="No processes yet">
        Every program started inside appears here, and stays after it ended.
      </Empty>
    )
  const chosen = selected && processes.get(selected)
  return (
    <div className="panel-fill" data-testid="process-tree">
      <div className="panel-bar small">
        <span className="num">
          {running} running, {processes.size - running} ended
        </span>
        <Watching />
        <span className="grow" />
        <label className="check compact">
          <input
            type="checkbox"
            checked={showsEnded}
            onChange={(event) => setShowsEnded(event.target.checked)}
          />
          Show ended
        </label>
      </div>
      <div className="tree-head small faint" aria-hidden="true">
        <span className="grow">Process</span>
        <span className="col-cpu">CPU</span>
        <span className="col-mem">Memory</span>
      </div>
      <List
        label="Processes"
        role="tree"
        items={rows}
        keyOf={({ node }) => node.key}
        levelOf={({ depth }) => depth + 1}
        rowHeight={24}
        selected={selected}
        onSelect={({ node }) => select({ kind: 'process', key: node.key }, null)}
        render={(row) => <ProcessRow {...row} />}
        testId="process-rows"
      />
      {chosen && <ProcessDetails node={chosen} isLive={!isReplay} />}
    </div>
  )
}

/** Parents before children, in order of their start. A lost parent makes a root. */
function flatten(processes: ReadonlyMap<ProcessKey, ProcessNode>, showsEnded: boolean): TreeRow[] {
  const children = new Map<ProcessKey | null, ProcessNode[]>()
  for (const node of processes.values()) {
    const parent = node.parent !== null && processes.has(node.parent) ? node.parent : null
    const siblings = children.get(parent)
    if (siblings) siblings.push(node)
    else children.set(parent, [node])
  }
  const rows: TreeRow[] = []
  const visit = (key: ProcessKey | null, depth: number): boolean => {
    let isAlive = false
    for (const node of children.get(key) ?? []) {
      const at = rows.push({ node, depth })
      const hasLiving = visit(node.key, depth + 1)
      if (hasLiving || node.endedAtMs === null) isAlive = true
      else if (!showsEnded) rows.length = at - 1
    }
    return isAlive
  }
  visit(null, 0)
  return rows
}

function ProcessRow({ node, depth }: TreeRow) {
  const hasEnded = node.endedAtMs !== null
  const isBad = node.exit !== null && !(node.exit.kind === 'exited' && node.exit.code === 0)
  return (
    <div
      className={hasEnded ? 'process-row ended' : 'process-row'}
      data-testid="process-row"
      data-pid={node.pid}
      data-ended={hasEnded}
    >
      <span className="indent" style={{ width: Math.min(depth, 8) * 12 }} />
      <span className="process-name">
        <AgentText text={node.name} max={40} bare />
      </span>
      <span className="process-args clip">
        {node.argv.length > 1 && <AgentText text={joinArgv(node.argv.slice(1))} max={120} bare />}
      </span>
      {hasEnded ? (
        <span
          className={isBad ? 'exit-mark bad num' : 'exit-mark num'}
          title={node.exit ? wordsOfExit(node.exit) : 'ended'}
        >
          {node.exit ? exitMark(node.exit) : '?'}
        </span>
      ) : (
        <>
          <span className="col-cpu num">{formatCpu(node.cpuPercent)}</span>
          <span className="col-mem num">{formatBytes(node.rssBytes)}</span>
        </>
      )}
    </div>
  )
}

function ProcessDetails({ node, isLive }: { node: ProcessNode; isLive: boolean }) {
  const now = useNow(isLive && node.endedAtMs === null)
  const lastedMs = (node.endedAtMs ?? now) - node.startedAtMs
  return (
    <section className="details scroll" aria-label="Process details" data-testid="process-details">
      <AgentText text={joinArgv(node.argv)} max={2000} />
      <dl className="facts">
        <dt>pid</dt>
        <dd className="num">
          {node.pid}
          {node.innerPid !== null && ` · ${node.innerPid} inside`}
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
        <dd>{node.exit ? wordsOfExit(node.exit) : (STATES[node.state] ?? node.state)}</dd>
      </dl>
    </section>
  )
}

const STATES: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting for a device',
  T: 'stopped',
  t: 'traced',
  Z: 'ended, not yet reaped',
  I: 'idle',
}
