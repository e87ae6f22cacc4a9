import type { ProcessNode } from '../../shared/domain/process.ts'
import type { ProcessRow as Row } from '../stores/process-forest.ts'
import { turnFold } from '../stores/process-panel.ts'
import { useView } from '../stores/view.ts'
import { Icon } from '../ui/icons.tsx'
import { Sparkline } from '../ui/sparkline.tsx'
import { AgentText } from '../ui/text.tsx'
import { formatBytes, formatCpu, formatDuration, plural } from '../words/format.ts'
import { exitMark, wordsOfExit } from '../words/outcomes.ts'
import { ROLE_NAMES } from '../words/processes.ts'
import { joinArgv } from '../words/reveal.ts'

/** Deeper levels stand where the last one does: the name needs the room. */
const MAX_INDENT = 8
const SPARK_ROOM = 24

export function ProcessRow({ row, showsAge }: { row: Row; showsAge: boolean }) {
  const indent = <span className="indent" style={{ width: Math.min(row.depth, MAX_INDENT) * 12 }} />
  if (row.kind === 'past')
    return (
      <div
        className="process-row past"
        onClick={() => turnFold(row.key)}
        data-testid="past-row"
        data-count={row.count}
      >
        {indent}
        <Fold row={row} />
        <span className="faint">{plural(row.count, 'process', 'processes')} ended earlier</span>
      </div>
    )
  const { node } = row
  const hasEnded = node.endedAtMs !== null
  return (
    <div
      className={['process-row', hasEnded && 'ended', row.isContext && 'context']
        .filter(Boolean)
        .join(' ')}
      data-testid="process-row"
      data-pid={node.pid}
      data-ended={hasEnded}
      data-role={node.role ?? undefined}
    >
      {indent}
      <Fold row={row} />
      <span className="process-name">
        <AgentText text={node.name} max={40} bare />
      </span>
      {node.role && <span className={`role-mark ${node.role}`}>{ROLE_NAMES[node.role]}</span>}
      {node.state === 'T' && !hasEnded && <span className="role-mark held">frozen</span>}
      <span className="process-args clip">
        {node.argv.length > 1 && <AgentText text={joinArgv(node.argv.slice(1))} max={120} bare />}
      </span>
      {hasEnded ? <Ending node={node} /> : <Numbers node={node} showsAge={showsAge} />}
    </div>
  )
}

function Fold({ row }: { row: Row }) {
  if (row.isOpen === null) return <span className="fold" />
  return (
    // For the pointer: the keys fold the row itself, which also says how it stands.
    <span
      className="fold"
      onClick={(event) => {
        event.stopPropagation()
        turnFold(row.key)
      }}
      data-testid="process-fold"
    >
      <Icon name={row.isOpen ? 'chevron-down' : 'chevron'} />
    </span>
  )
}

function Ending({ node }: { node: ProcessNode }) {
  const isBad = node.exit !== null && !(node.exit.kind === 'exited' && node.exit.code === 0)
  return (
    <>
      <span className="col-age num faint">
        {formatDuration((node.endedAtMs ?? node.startedAtMs) - node.startedAtMs)}
      </span>
      <span
        className={isBad ? 'exit-mark bad num' : 'exit-mark num'}
        title={node.exit ? wordsOfExit(node.exit) : 'ended'}
      >
        {node.exit ? exitMark(node.exit) : '?'}
      </span>
    </>
  )
}

function Numbers({ node, showsAge }: { node: ProcessNode; showsAge: boolean }) {
  const cpu = useView((view) => view.tracks.cpu)
  const playheadMs = useView((view) => view.playheadMs)
  const atMs = useView((view) => view.state.atMs)
  if (showsAge)
    return <span className="col-age num">{formatDuration(atMs - node.startedAtMs)}</span>
  return (
    <>
      <Sparkline values={cpu.until(node.key, playheadMs, SPARK_ROOM)} room={SPARK_ROOM} top={100} />
      <span className="col-cpu num">{formatCpu(node.cpuPercent)}</span>
      <span className="col-mem num">{formatBytes(node.rssBytes)}</span>
    </>
  )
}
