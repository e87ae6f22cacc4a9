import { isDrift } from '../../shared/domain/isolation.ts'
import { isLive } from '../../shared/domain/session.ts'
import { setUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { wordsOfDrift } from '../words/isolation.ts'

/** What was asked for does not hold. Stands above the terminal, whatever the inspector shows. */
export function DriftBanner() {
  const session = useView((view) => view.state.session)
  const turns = useView((view) => view.state.axisTurns)
  const isReplay = useView((view) => view.mode === 'replay')
  const drifts = session?.axes.filter(isDrift) ?? []
  if (!session || drifts.length === 0) return null
  const mayStop = !isReplay && isLive(session)
  return (
    <div className="banner drift-banner" role={mayStop ? 'alert' : 'status'} data-testid="drift">
      <Icon name="warning" />
      <p className="grow">
        <b>The boundary is not what was asked for.</b>{' '}
        {drifts.map((report) => (
          <span key={report.axis} className="num">
            {wordsOfDrift(report, turns.get(report.axis))}{' '}
          </span>
        ))}
      </p>
      <Button
        small
        onClick={() => setUi({ inspectorTab: 'isolation', isInspectorOpen: true })}
        data-testid="drift-evidence"
      >
        Show evidence
      </Button>
      {mayStop && (
        <Button
          small
          icon="stop"
          onClick={() => setUi({ confirm: { kind: 'stop', id: session.id } })}
          data-testid="drift-stop"
        >
          Stop session
        </Button>
      )}
    </div>
  )
}
