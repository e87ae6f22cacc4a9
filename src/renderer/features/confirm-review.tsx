import type { SessionId } from '../../shared/domain/ids.ts'
import { discardReview } from '../stores/review.ts'
import { removeSession } from '../stores/session-actions.ts'
import { useSessions } from '../stores/sessions.ts'
import { Ask } from './ask.tsx'

export function ConfirmDiscardReview({ id }: { id: SessionId }) {
  return (
    <Ask
      title="Discard the copy?"
      confirm="Discard"
      testId="confirm-discard-review"
      act={() => void discardReview(id)}
    >
      <p>What was not applied is gone for good. The folder stays as it is.</p>
    </Ask>
  )
}

export function ConfirmRemoveReview({ id }: { id: SessionId }) {
  const session = useSessions((state) => state.byId.get(id))
  if (!session) return null
  return (
    <Ask
      title={`Remove “${session.title}” with what was not applied?`}
      confirm="Remove both"
      testId="confirm-remove-review"
      act={() => void removeSession(id, true)}
    >
      <p>
        Its copy of the folder has changes that you neither applied nor discarded. They are deleted
        for good, with the recording.
      </p>
    </Ask>
  )
}
