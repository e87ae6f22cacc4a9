import { useEffect, useState } from 'react'
import type { SessionId } from '../../shared/domain/ids.ts'
import type { ReviewChange, ReviewContent } from '../../shared/domain/review.ts'
import { diffLines } from '../stores/line-diff.ts'
import { contentOfChange } from '../stores/review.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Loading } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { UNSHOWN } from '../words/review.ts'
import { DiffView } from './content-diff.tsx'

interface ReviewDiffProps {
  readonly id: SessionId
  readonly change: ReviewChange
  readonly onClose: () => void
}

/** What applying one change would do to the folder as it is now. */
export function ReviewDiff({ id, change, onClose }: ReviewDiffProps) {
  const [content, setContent] = useState<ReviewContent | 'loading' | null>('loading')
  useEffect(() => {
    let isOver = false
    void contentOfChange(id, change).then((loaded) => !isOver && setContent(loaded))
    return () => {
      isOver = true
    }
  }, [id, change])
  return (
    <Dialog title="Difference to the folder" size="wide" onClose={onClose} testId="review-diff">
      <div className="review-diff">
        <p className="mono file-diff-path">
          <AgentText text={change.path} max={400} bare />
        </p>
        <Difference content={content} />
      </div>
    </Dialog>
  )
}

function Difference({ content }: { content: ReviewContent | 'loading' | null }) {
  if (content === 'loading') return <Loading what="the difference" />
  if (content === null)
    return (
      <p className="warn-text">It changed after it was looked at. Close this and look again.</p>
    )
  if (content.unshown) return <p className="dim">{UNSHOWN[content.unshown]}</p>
  const diff = diffLines(content.before ?? '', content.after ?? '')
  if (!diff) return <p className="dim">The two have too little in common to be compared.</p>
  if (diff.lines.length === 0) return <p className="dim">The same text; its rights differ.</p>
  return <DiffView diff={diff} />
}
