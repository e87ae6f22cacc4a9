import type { Session } from '../../shared/domain/session.ts'
import { useSessions } from '../stores/sessions.ts'
import { goTo } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { formatTime } from '../words/format.ts'
import { LEVEL_NAMES } from '../words/isolation.ts'

/** A restart is a session of its own; the way to the one before, whose terminal is kept, and to the one after. */
export function OtherRuns({ session: { id, continues } }: { session: Session }) {
  const before = useSessions(({ byId }) => (continues === null ? undefined : byId.get(continues)))
  const after = useSessions(({ byId }) => [...byId.values()].find((run) => run.continues === id))
  if (!before && !after) return null
  return (
    <nav className="other-runs row small" aria-label="Other runs of this session">
      {before && (
        <Button
          small
          look="quiet"
          icon="terminal"
          onClick={() => goTo('sessions', before.id)}
          data-testid="run-before"
        >
          Earlier terminal, {LEVEL_NAMES[before.spec.level]}, from {formatTime(before.createdAtMs)}
        </Button>
      )}
      <span className="grow" />
      {after && (
        <Button
          small
          look="quiet"
          icon="terminal"
          onClick={() => goTo('sessions', after.id)}
          data-testid="run-after"
        >
          Went on, {LEVEL_NAMES[after.spec.level]}, at {formatTime(after.createdAtMs)}
        </Button>
      )}
    </nav>
  )
}
