import { useState } from 'react'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { LimitName } from '../../shared/domain/limits.ts'
import type { Session } from '../../shared/domain/session.ts'
import { AS_DEFAULT, type DraftLimit, limitRow, limitsOf } from '../stores/draft-details.ts'
import { restartSession, setLimits } from '../stores/session-actions.ts'
import { useSessions } from '../stores/sessions.ts'
import { setUi } from '../stores/ui.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { LIMIT_NAMES, LIMITS } from '../words/limits.ts'
import { RESTARTED_WORDS } from '../words/spec-changes.ts'
import { LimitRow } from './limit-row.tsx'

export function ChangeLimits({ id }: { id: SessionId }) {
  const session = useSessions((state) => state.byId.get(id))
  return session ? <Fields session={session} /> : null
}

const UNTOUCHED: Readonly<Record<LimitName, DraftLimit>> = {
  cpu: AS_DEFAULT,
  memory: AS_DEFAULT,
  processes: AS_DEFAULT,
  disk: AS_DEFAULT,
}

/** Other limits for a session that runs: at once where what holds them can, else by a restart that is asked for. */
function Fields({ session: { id, title, spec } }: { session: Session }) {
  const [drafts, setDrafts] = useState(UNTOUCHED)
  const [stuck, setStuck] = useState<readonly LimitName[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const close = (): void => setUi({ confirm: null })
  const isBad = LIMIT_NAMES.some((name) => limitRow(name, drafts[name], spec.limits).problem)
  const change = (name: LimitName, patch: Partial<DraftLimit>): void => {
    setStuck([])
    setDrafts({ ...drafts, [name]: { ...drafts[name], ...patch } })
  }
  const apply = async (): Promise<void> => {
    const limits = limitsOf(drafts, spec.limits)
    if (stuck.length > 0) {
      close()
      return restartSession(id, { limits })
    }
    const set = await setLimits(id, limits)
    if (set.ok) return close()
    if (typeof set.error === 'string') return setProblem(set.error)
    setStuck(set.error)
  }
  return (
    <Dialog
      title={`Limits of “${title}”`}
      onClose={close}
      testId="change-limits"
      foot={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            look="primary"
            disabled={isBad}
            onClick={() => void apply()}
            data-testid="change-limits-apply"
          >
            {stuck.length > 0 ? 'Restart with these' : 'Apply'}
          </Button>
        </>
      }
    >
      <ul className="limit-fields">
        {LIMIT_NAMES.map((name) => (
          <LimitRow
            key={name}
            limit={name}
            draft={drafts[name]}
            defaults={spec.limits}
            onChange={(patch) => change(name, patch)}
          />
        ))}
      </ul>
      {stuck.length > 0 && (
        <p className="notice" role="status" data-testid="change-limits-stuck">
          Nothing was changed yet: here {stuck.map((name) => LIMITS[name].name).join(' and ')} can
          only be set at a start. {RESTARTED_WORDS}
        </p>
      )}
      {problem && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  )
}
