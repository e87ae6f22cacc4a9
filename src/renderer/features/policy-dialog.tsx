import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { EffectivePolicy } from '../../shared/domain/effective-policy.ts'
import type { SessionSpec, StartFailure } from '../../shared/domain/session.ts'
import type { Result } from '../../shared/result.ts'
import { useActive } from '../stores/active.ts'
import { previewSession } from '../stores/session-actions.ts'
import { setUi } from '../stores/ui.ts'
import type { ViewStore } from '../stores/view.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Empty, Loading } from '../ui/states.tsx'
import { StartProblem } from './failure-notice.tsx'
import { PolicyView } from './policy-view.tsx'

/** Of the session shown, live or recorded. */
export function PolicyDialog() {
  const view = useActive((active) => active.view)
  const close = (): void => setUi({ overlay: null })
  return (
    <Dialog title="Effective policy" onClose={close} size="wide" testId="policy">
      {view && <PolicyOf view={view} />}
    </Dialog>
  )
}

function PolicyOf({ view }: { view: ViewStore }) {
  const policy = useStore(view, ({ state }) => state.session?.policy ?? null)
  if (policy) return <PolicyView policy={policy} />
  return (
    <Empty icon="info" title="No policy yet">
      It is recorded when the boundary is planned. Sessions recorded before that was done have none.
    </Empty>
  )
}

/** Of a session that is not started: nothing is built for it. */
export function PreviewDialog({ spec, onClose }: { spec: SessionSpec; onClose: () => void }) {
  const [answer, setAnswer] = useState<Result<EffectivePolicy, StartFailure | string> | null>(null)
  useEffect(() => {
    let isGone = false
    void previewSession(spec).then((preview) => !isGone && setAnswer(preview))
    return () => {
      isGone = true
    }
  }, [spec])
  return (
    <Dialog title="What it will be able to do" onClose={onClose} size="wide" testId="preview">
      {answer === null && <Loading what="the policy" rows={8} />}
      {answer?.ok && <PolicyView policy={answer.value} />}
      {answer && !answer.ok && <StartProblem error={answer.error} />}
    </Dialog>
  )
}
