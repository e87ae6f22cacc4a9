import { setUi, useUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Segmented } from '../ui/choices.tsx'
import { FileList } from './file-list.tsx'
import { ReviewPanel } from './review-panel.tsx'

/** What became of the files; of a session with a copy, also what is to become of the folder. */
export function FilesTab() {
  const session = useView((view) => view.state.session)
  const isReplay = useView((view) => view.mode === 'replay')
  const part = useUi((state) => state.filesPart)
  if (!session || session.review !== 'open' || isReplay) return <FileList />
  return (
    <>
      <div className="panel-bar">
        <Segmented
          label="Files"
          value={part}
          choices={[
            { value: 'review', label: 'Review' },
            { value: 'changes', label: 'As it happened' },
          ]}
          onChange={(filesPart) => setUi({ filesPart })}
          testId="files-part-choice"
        />
      </div>
      {part === 'review' ? <ReviewPanel id={session.id} /> : <FileList />}
    </>
  )
}
