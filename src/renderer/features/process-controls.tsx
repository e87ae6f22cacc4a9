import { useState } from 'react'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { ProcessNode } from '../../shared/domain/process.ts'
import type { ControlAction, ControlRequest } from '../../shared/domain/process-details.ts'
import { controlProcesses, useControls } from '../stores/process-actions.ts'
import { setUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { Segmented } from '../ui/choices.tsx'

interface ProcessControlsProps {
  readonly session: SessionId
  readonly node: ProcessNode
  /** Living processes below it. */
  readonly below: number
}

/** Holding a process is undone with a click, so only what ends it is asked about. */
export function ProcessControls({ session, node, below }: ProcessControlsProps) {
  const [isSubtree, setSubtree] = useState(true)
  const isBusy = useControls((state) => state.running > 0)
  const kind = isSubtree && below > 0 ? 'subtree' : 'process'
  const requestOf = (action: ControlAction): ControlRequest => ({
    scope: { kind, session, key: node.key },
    action,
  })
  const act = (action: 'freeze' | 'thaw') => () => void controlProcesses(requestOf(action))
  const end = (action: 'stop' | 'kill') => () =>
    setUi({
      confirm: {
        ...{ kind: 'control', request: requestOf(action), name: node.name },
        count: kind === 'subtree' ? below + 1 : 1,
      },
    })
  const isHeld = node.state === 'T'
  return (
    <div className="process-controls" data-testid="process-controls">
      {below > 0 && (
        <Segmented
          label="What it is about"
          value={isSubtree ? 'subtree' : 'process'}
          choices={[
            { value: 'subtree', label: `With ${below} below` },
            { value: 'process', label: 'Alone' },
          ]}
          onChange={(value) => setSubtree(value === 'subtree')}
          testId="control-scope"
        />
      )}
      <div className="row">
        <Button
          small
          icon={isHeld ? 'replay' : 'pause'}
          disabled={isBusy}
          onClick={act(isHeld ? 'thaw' : 'freeze')}
          data-testid={isHeld ? 'process-thaw' : 'process-freeze'}
        >
          {isHeld ? 'Thaw' : 'Freeze'}
        </Button>
        <Button
          small
          icon="stop"
          disabled={isBusy}
          onClick={end('stop')}
          data-testid="process-stop"
        >
          Stop
        </Button>
        <Button
          small
          look="danger"
          disabled={isBusy}
          onClick={end('kill')}
          data-testid="process-kill"
        >
          Kill
        </Button>
      </div>
    </div>
  )
}
