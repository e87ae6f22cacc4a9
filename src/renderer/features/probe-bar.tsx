import { AXES } from '../../shared/domain/isolation.ts'
import { isLive, type Session } from '../../shared/domain/session.ts'
import { useConnection } from '../connection.ts'
import { withChord } from '../keys.ts'
import { probeSession, useActions } from '../stores/session-actions.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatAgo, formatTime } from '../words/format.ts'

/** When the boundary was last tried, and trying it again. */
export function ProbeBar({ session }: { session: Session }) {
  const isPending = useActions((state) => state.probing.has(session.id))
  const problem = useActions((state) => state.probeProblems.get(session.id) ?? null)
  const isConnected = useConnection().type === 'connected'
  const isReplay = useView((view) => view.mode === 'replay')
  const mayProbe = !isReplay && session.status === 'running' && isConnected
  return (
    <div className="probe-bar">
      <div className="row">
        <span className="visually-hidden" role="status">
          {isPending && 'Probing'}
        </span>
        <span className="grow small dim num" data-testid="probe-age">
          {isPending ? (
            'Trying it from inside'
          ) : (
            <ProbeAge session={session} isFrozen={isReplay || !isLive(session)} />
          )}
        </span>
        {!isReplay && (
          <Button
            small
            icon="restart"
            disabled={!mayProbe || isPending}
            aria-busy={isPending}
            title={
              mayProbe ? withChord('Probe again', 'Mod+Shift+Y') : 'Only while the session runs'
            }
            onClick={() => void probeSession(session.id)}
            data-testid="probe-again"
          >
            {isPending ? 'Probing' : 'Probe again'}
          </Button>
        )}
      </div>
      {problem && (
        <p className="probe-problem small" role="alert" data-testid="probe-problem">
          <Icon name="warning" />
          {problem}
        </p>
      )}
    </div>
  )
}

/** The oldest axis counts: nothing shown is newer than said. */
function ProbeAge({ session, isFrozen }: { session: Session; isFrozen: boolean }) {
  const now = useNow(!isFrozen)
  const times = session.axes.flatMap(({ provenAtMs }) => (provenAtMs === null ? [] : [provenAtMs]))
  if (times.length === 0) return 'Not probed'
  const atMs = Math.min(...times)
  const isProven =
    session.axes.length === AXES.length && session.axes.every((axis) => axis.proven === 'enforced')
  const when = isFrozen ? `at ${formatTime(atMs)}` : formatAgo(atMs, Math.max(now, atMs))
  return `${isProven ? 'Proven' : 'Probed'} ${when}`
}
