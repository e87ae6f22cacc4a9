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
      {before && <Run run={before} words="Earlier terminal" when="from" testId="run-before" />}
      <span className="grow" />
      {after && <Run run={after} words="Went on" when="at" testId="run-after" />}
    </nav>
  )
}

interface RunProps {
  readonly run: Session
  readonly words: string
  readonly when: string
  readonly testId: string
}

const Run = ({ run: { id, spec, createdAtMs }, words, when, testId }: RunProps) => (
  <Button
    small
    look="quiet"
    icon="terminal"
    onClick={() => goTo('sessions', id)}
    data-testid={testId}
  >
    {words}, {LEVEL_NAMES[spec.level]}, {when} {formatTime(createdAtMs)}
  </Button>
)
