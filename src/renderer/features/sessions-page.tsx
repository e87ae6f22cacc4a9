import { useSessions } from '../stores/sessions.ts'
import { setUi, useUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { Keys } from '../ui/keys.tsx'
import { Empty } from '../ui/states.tsx'
import { FirstRun } from './first-run.tsx'
import { Workbench } from './workbench.tsx'

export function SessionsPage() {
  const id = useUi((state) => state.route.id)
  const count = useSessions((state) => state.byId.size)
  const status = useSessions((state) => state.status)
  if (id) return <Workbench key={id} id={id} />
  if (status === 'ready' && count === 0) return <FirstRun />
  return (
    <Empty
      icon="sessions"
      title="Choose a session"
      action={
        <Button
          icon="add"
          onClick={() => setUi({ overlay: 'new-session' })}
          data-testid="empty-new-session"
        >
          New session
        </Button>
      }
    >
      From the list, or with <Keys chord="Mod+P" />
    </Empty>
  )
}
