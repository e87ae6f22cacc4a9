import { setUi, useUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Segmented } from '../ui/choices.tsx'
import { AllFiles } from './all-files.tsx'
import { FileList } from './file-list.tsx'
import { ReviewPanel } from './review-panel.tsx'

/** What became of the files, or all there are; of a session with a copy, also what is to become of the folder. */
export function FilesTab() {
  const session = useView((view) => view.state.session)
  const isReplay = useView((view) => view.mode === 'replay')
  const chosen = useUi((state) => state.filesPart)
  const hasReview = session?.review === 'open' && !isReplay
  const part = chosen === 'review' && !hasReview ? 'changes' : chosen
  return (
    <>
      <div className="panel-bar">
        <Segmented
          label="Files"
          value={part}
          choices={[
            ...(hasReview ? [{ value: 'review', label: 'Review' } as const] : []),
            { value: 'changes', label: hasReview ? 'As it happened' : 'Changed' },
            { value: 'all', label: 'All' },
          ]}
          onChange={(filesPart) => setUi({ filesPart })}
          testId="files-part-choice"
        />
      </div>
      {part === 'changes' && <FileList />}
      {part === 'all' && <AllFiles />}
      {part === 'review' && session && <ReviewPanel id={session.id} />}
    </>
  )
}
