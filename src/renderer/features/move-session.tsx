import { BoundLevel } from '../../shared/domain/isolation.ts'
import type { Session } from '../../shared/domain/session.ts'
import { useConnection } from '../connection.ts'
import { useMachine } from '../stores/machine.ts'
import { restartSession } from '../stores/session-actions.ts'
import { setUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { isUp, LEVEL_NAMES, MOVED_WORDS } from '../words/isolation.ts'

/** Behind another wall: up at once, down after it was said what goes. */
export function MoveSession({ session: { id, spec } }: { session: Session }) {
  const isReplay = useView((view) => view.mode === 'replay')
  const isConnected = useConnection().type === 'connected'
  const diagnoses = useMachine((machine) => machine.diagnoses)
  const isUsable = (level: BoundLevel): boolean =>
    diagnoses?.find((found) => found.level === level)?.status === 'usable'
  const others = BoundLevel.options.filter((level) => level !== spec.level && isUsable(level))
  if (isReplay || others.length === 0) return null
  return (
    <div className="row wrap move-session">
      {others.map((level) => (
        <Button
          key={level}
          small
          disabled={!isConnected}
          title={MOVED_WORDS}
          onClick={() =>
            isUp(spec.level, level)
              ? void restartSession(id, level)
              : setUi({ confirm: { kind: 'move', id, level } })
          }
          data-testid={`move-to-${level}`}
        >
          Move to {LEVEL_NAMES[level]}
        </Button>
      ))}
    </div>
  )
}
