import { BoundLevel } from '../../shared/domain/isolation.ts'
import type { Session } from '../../shared/domain/session.ts'
import { useConnection } from '../connection.ts'
import { changeIsolation } from '../stores/isolation-changes.ts'
import { useMachine } from '../stores/machine.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { LEVEL_NAMES } from '../words/isolation.ts'
import { RESTARTED_WORDS } from '../words/spec-changes.ts'

/** Behind another wall: up at once, down after it was said what goes. */
export function MoveSession({ session }: { session: Session }) {
  const isReplay = useView((view) => view.mode === 'replay')
  const isConnected = useConnection().type === 'connected'
  const diagnoses = useMachine((machine) => machine.diagnoses)
  const isUsable = (level: BoundLevel): boolean =>
    diagnoses?.find((found) => found.level === level)?.status === 'usable'
  const others = BoundLevel.options.filter(
    (level) => level !== session.spec.level && isUsable(level),
  )
  if (isReplay || others.length === 0) return null
  return (
    <div className="row wrap move-session">
      {others.map((level) => (
        <Button
          key={level}
          small
          disabled={!isConnected}
          title={RESTARTED_WORDS}
          onClick={() => changeIsolation(session, { level })}
          data-testid={`move-to-${level}`}
        >
          Move to {LEVEL_NAMES[level]}
        </Button>
      ))}
    </div>
  )
}
