import { reconnect, useConnection } from '../connection.ts'
import { useSessions } from '../stores/sessions.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { Empty } from '../ui/states.tsx'

/** Above everything while the host is away; what was shown before stays below it. */
export function ConnectionBanner() {
  const state = useConnection()
  if (state.type === 'incompatible')
    return (
      <div className="banner error" role="alert" data-testid="connection-banner">
        <Icon name="warning" />
        <span className="grow">
          This window and the host are of different versions: {state.message}. Close Cloche and
          start it again.
        </span>
      </div>
    )
  if (state.type === 'reconnecting' && state.attempt > 2)
    return (
      <div className="banner" role="status" data-testid="connection-banner">
        <Icon name="disconnected" />
        <span className="grow">
          The host does not answer; trying again. Sessions go on without this window. Prompts deny
          themselves when their time runs out.
        </span>
      </div>
    )
  if (state.type !== 'disconnected') return null
  return (
    <div className="banner error" role="alert" data-testid="connection-banner">
      <Icon name="disconnected" />
      <span className="grow">
        {state.reason} What you see is from before. In a browser, open the link that{' '}
        <code className="mono">npm run serve</code> printed once more.
      </span>
      <Button small onClick={reconnect} data-testid="reconnect">
        Reconnect
      </Button>
    </div>
  )
}

const TITLES = {
  connecting: 'Connecting to the host',
  reconnecting: 'The host does not answer',
  disconnected: 'The host does not answer',
  incompatible: 'The host is of another version',
} as const

/** Before the first connection there is nothing to show. */
export function NotYetConnected() {
  const state = useConnection()
  const hasShown = useSessions((sessions) => sessions.status === 'ready')
  if (hasShown || state.type === 'connected') return null
  return (
    <div className="cover" data-testid="not-connected">
      <Empty
        icon="disconnected"
        title={TITLES[state.type]}
        action={
          state.type === 'disconnected' ? <Button onClick={reconnect}>Reconnect</Button> : undefined
        }
      >
        {state.type !== 'connecting' &&
          state.type !== 'incompatible' &&
          'Cloche’s host process owns sessions and recordings. Nothing is lost while it is away.'}
      </Empty>
    </div>
  )
}
