import { useEffect, useState } from 'react'
import type { ProcessRow as Row } from '../stores/process-forest.ts'
import { ORDERS, type OrderName } from '../stores/process-order.ts'
import {
  setProcessPanel,
  turnFold,
  unfold,
  useProcessPanel,
  useProcessRows,
} from '../stores/process-panel.ts'
import { select, useSelection } from '../stores/selection.ts'
import { useView } from '../stores/view.ts'
import { List } from '../ui/list.tsx'
import { Empty } from '../ui/states.tsx'
import { ProcessDetails } from './process-details.tsx'
import { ProcessRow } from './process-row.tsx'

/** Who started what, and what is left? */
export function ProcessTree() {
  const { forest, rows } = useProcessRows()
  const processes = useView((view) => view.state.processes)
  const order = useProcessPanel((panel) => panel.order)
  const subject = useSelection((state) => state.subject)
  const selected = subject?.kind === 'process' ? subject.key : null
  /** The fold the keys stand on; it is no process, so nothing else shows it selected. */
  const [fold, setFold] = useState<string | null>(null)
  const choose = (row: Row): void => {
    setFold(row.kind === 'past' ? row.key : null)
    if (row.kind === 'process') select({ kind: 'process', key: row.key }, null)
  }
  // Only when another one is selected: a person may fold it away again.
  useEffect(() => {
    if (selected) unfold(forest, selected)
  }, [forest, selected])
  if (processes.size === 0)
    return (
      <Empty icon="process" title="No processes yet">
        Every program started inside appears here, and stays after it ended.
      </Empty>
    )
  const chosen = selected && processes.get(selected)
  return (
    <div className="panel-fill" data-testid="process-tree">
      <TreeBar shown={rows.length} />
      <TreeHead />
      <List
        label="Processes"
        role="tree"
        items={rows}
        keyOf={({ key }) => key}
        levelOf={({ depth }) => depth + 1}
        isOpenOf={({ isOpen }) => isOpen}
        onFold={({ key }) => turnFold(key)}
        rowHeight={24}
        selected={fold ?? selected}
        onSelect={choose}
        onOpen={({ key, isOpen }) => isOpen !== null && turnFold(key)}
        render={(row) => <ProcessRow row={row} showsAge={order === 'age'} />}
        testId="process-rows"
      />
      {chosen && <ProcessDetails key={chosen.key} node={chosen} forest={forest} />}
    </div>
  )
}

function TreeBar({ shown }: { shown: number }) {
  const { query, showsEnded } = useProcessPanel()
  const running = useView((view) => view.state.running)
  const total = useView((view) => view.state.processes.size)
  return (
    <div className="panel-bar small">
      <input
        className="input small grow"
        aria-label="Filter processes"
        placeholder="Filter"
        value={query}
        onChange={(event) => setProcessPanel({ query: event.target.value })}
        data-testid="process-filter"
        data-list-filter
      />
      <span
        className={query ? 'chip warn num' : 'num'}
        title={`${running} running, ${total - running} ended`}
        data-testid="process-count"
      >
        {query ? `${shown} shown` : `${running} running`}
      </span>
      <Watching />
      <label className="check compact">
        <input
          type="checkbox"
          checked={showsEnded}
          onChange={(event) => setProcessPanel({ showsEnded: event.target.checked })}
          data-testid="process-ended"
        />
        Ended
      </label>
    </div>
  )
}

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

const ORDER_NAMES: Readonly<Record<OrderName, string>> = {
  start: 'In order of start',
  age: 'Youngest first',
  cpu: 'Most computing first',
  memory: 'Most memory first',
}

/** Sorts what one process started among itself; the tree stays a tree. */
function TreeHead() {
  const order = useProcessPanel((panel) => panel.order)
  return (
    <div className="tree-head small">
      <select
        className="order grow"
        aria-label="Order"
        value={order}
        onChange={(event) => {
          const chosen = ORDERS.find((name) => name === event.target.value)
          if (chosen) setProcessPanel({ order: chosen })
        }}
        data-testid="process-order"
      >
        {ORDERS.map((name) => (
          <option key={name} value={name}>
            {ORDER_NAMES[name]}
          </option>
        ))}
      </select>
      {order === 'age' ? (
        <span className="col-age faint">Age</span>
      ) : (
        <>
          <span className="col-cpu faint">CPU</span>
          <span className="col-mem faint">Memory</span>
        </>
      )}
    </div>
  )
}
