import { useState } from 'react'
import { useMachine } from '../stores/machine.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'

const NONE: readonly string[] = []

/** What could not be read when the host started; Doctor keeps showing it after it was put away. */
export function Notices() {
  const notices = useMachine((state) => state.info?.notices ?? NONE)
  const [isAway, setAway] = useState(false)
  if (isAway || notices.length === 0) return null
  return (
    <div className="banner" role="status" data-testid="notices">
      <Icon name="warning" />
      <span className="grow">{notices.join(' ')}</span>
      <Button small onClick={() => setAway(true)} data-testid="notices-close">
        Got it
      </Button>
    </div>
  )
}
