import { isDrift } from '../../shared/domain/isolation.ts'
import { isLive } from '../../shared/domain/session.ts'
import { STOP_ALL_KEYS } from '../commands/process-commands.ts'
import { reconnect, useConnection } from '../connection.ts'
import { withChord } from '../keys.ts'
import { useMachine } from '../stores/machine.ts'
import { countWaiting } from '../../shared/prompts-projection.ts'
import { setMinimised, usePrompts } from '../stores/prompts.ts'
import { useSessions } from '../stores/sessions.ts'
import { goTo, setUi } from '../stores/ui.ts'
import { Icon } from '../ui/icons.tsx'
import { useNow } from '../ui/use-now.ts'
import { formatDuration, plural } from '../words/format.ts'

export function StatusBar() {
  const byId = useSessions((state) => state.byId)
  const waiting = usePrompts(countWaiting)
  const diagnoses = useMachine((machine) => machine.diagnoses)
  const live = [...byId.values()].filter(isLive)
  const drifted = live.find(({ axes }) => axes.some(isDrift))
  const levels =
    diagnoses?.filter((item) => item.level !== null && item.status !== 'unsupported') ?? []
  return (
    <footer className="status-bar" aria-label="Status" data-testid="status-bar">
      <button type="button" onClick={() => goTo('sessions')}>
        {plural(live.length, 'session')} running
      </button>
      <button
        type="button"
        className={waiting > 0 ? 'waiting' : ''}
        onClick={() => {
          setMinimised(false)
          goTo('prompts')
        }}
        data-testid="status-prompts"
      >
        {waiting > 0 && <Icon name="ask" />}
        {plural(waiting, 'prompt')} waiting
      </button>
      <span role="status" className="status-alarm">
        {drifted && (
          <button
            type="button"
            className="waiting"
            onClick={() => goTo('sessions', drifted.id)}
            data-testid="status-drift"
          >
            <Icon name="warning" />
            <span className="clip">Drift: {drifted.title}</span>
          </button>
        )}
      </span>
      {levels.map((item) => (
        <button key={item.id} type="button" className="status-level" onClick={() => goTo('doctor')}>
          {item.title} {item.status}
        </button>
      ))}
      <span className="grow" />
      <button
        type="button"
        className="stop-all"
        disabled={live.length === 0}
        title={withChord('Stop every session', STOP_ALL_KEYS)}
        onClick={() => setUi({ confirm: { kind: 'stop-all' } })}
        data-testid="stop-all"
      >
        <Icon name="stop" />
        Stop all
      </button>
      <ConnectionStatus />
    </footer>
  )
}

function ConnectionStatus() {
  const state = useConnection()
  const now = useNow(state.type === 'reconnecting')
  switch (state.type) {
    case 'connected':
      return (
        <span className="status-connection" data-testid="connection" data-state="connected">
          host {state.connection.version}
        </span>
      )
    case 'connecting':
      return (
        <span className="status-connection" data-testid="connection" data-state="connecting">
          connecting
        </span>
      )
    case 'reconnecting':
      return (
        <span className="status-connection lost" data-testid="connection" data-state="reconnecting">
          <Icon name="disconnected" />
          reconnecting, lost for {formatDuration(now - state.sinceMs)}
        </span>
      )
    case 'disconnected':
      return (
        <button
          type="button"
          className="status-connection lost"
          onClick={reconnect}
          data-testid="connection"
          data-state="disconnected"
        >
          <Icon name="disconnected" />
          disconnected, reconnect
        </button>
      )
    case 'incompatible':
      return (
        <span className="status-connection lost" data-testid="connection" data-state="incompatible">
          <Icon name="warning" />
          incompatible host
        </span>
      )
  }
}
