import { removeSession, stopSession } from '../stores/session-actions.ts'
import { useSessions } from '../stores/sessions.ts'
import { goTo, setUi, useUi } from '../stores/ui.ts'
import { Confirm } from '../ui/dialog.tsx'

const close = (): void => setUi({ confirm: null })

/** Stop and remove are asked about once, with Cancel as the default. */
export function ConfirmAction() {
  const confirm = useUi((state) => state.confirm)
  const session = useSessions((state) => confirm && state.byId.get(confirm.id))
  if (!confirm || !session) return null
  if (confirm.kind === 'stop')
    return (
      <Confirm
        title={`Stop “${session.title}”?`}
        confirm="Stop session"
        isDestructive
        testId="confirm-stop"
        onCancel={close}
        onConfirm={() => {
          close()
          void stopSession(confirm.id)
        }}
      >
        <p>
          Every process inside ends. Files in the workspace stay as they are, and the recording is
          kept.
        </p>
      </Confirm>
    )
  return (
    <Confirm
      title={`Remove “${session.title}”?`}
      confirm="Remove"
      isDestructive
      testId="confirm-remove"
      onCancel={close}
      onConfirm={() => {
        const { route } = useUi.getState()
        close()
        if (route.id === confirm.id) goTo(route.page)
        void removeSession(confirm.id)
      }}
    >
      <p>Its recording is deleted for good. Files in the workspace stay as they are.</p>
    </Confirm>
  )
}
