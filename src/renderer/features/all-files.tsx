import { fateOf } from '../../shared/files-projection.ts'
import type { WorkspaceFile } from '../../shared/workspace-files.ts'
import { useAllFiles } from '../stores/all-files.ts'
import { useSelection } from '../stores/selection.ts'
import { useView } from '../stores/view.ts'
import { Empty, Loading } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { FATES, WHAT_IS_MISSING } from '../words/files.ts'
import { formatBytes } from '../words/format.ts'
import { FileDetails } from './file-list.tsx'
import { FileFacts, FileLetter, FilePath } from './file-row.tsx'
import { FilterableFiles } from './filterable-files.tsx'

const NONE: readonly WorkspaceFile[] = []

/** Which files are there at this moment, and what is in them? */
export function AllFiles() {
  const state = useView((view) => view.state)
  const subject = useSelection((selection) => selection.subject)
  const all = useAllFiles(true)
  const files = all.status === 'ready' ? all.browser.files(state.seq) : NONE
  if (all.status === 'failed')
    return (
      <Empty icon="warning" title="The files could not be listed">
        The connection was lost. Choose Changed and then All again.
      </Empty>
    )
  if (all.status !== 'ready') return <Loading what="the files" />
  const missing = WHAT_IS_MISSING[all.listed.missing]
  const path = subject?.kind === 'file' ? subject.path : null
  const changed = path === null ? undefined : state.files.get(path)
  const chosen = path === null ? null : all.browser.file(state.seq, path)
  return (
    <div className="panel-fill" data-testid="all-files">
      <FilterableFiles
        label="All files"
        files={files}
        row={(file) => <FileRow file={file} />}
        testId="all-file-rows"
        note={
          missing !== null && (
            <p className="panel-note small dim" data-testid="files-missing">
              {missing}
            </p>
          )
        }
      />
      {chosen && changed && <FileDetails file={changed} />}
      {chosen && !changed && <StartDetails file={chosen} />}
    </div>
  )
}

function FileRow({ file }: { file: WorkspaceFile }) {
  const changed = useView((view) => view.state.files.get(file.path))
  const fate = changed ? fateOf(changed) : 'unchanged'
  const bytes = sizeOf(file)
  return (
    <div className="file-row" data-testid="all-file-row" data-path={file.path} data-fate={fate}>
      <FileLetter kind={fate} {...FATES[fate]} />
      <FilePath path={file.path} />
      <span className="small faint num">{bytes === null ? '' : formatBytes(bytes)}</span>
    </div>
  )
}

/** null: not known, or no plain file. */
function sizeOf({ content, origin }: WorkspaceFile): number | null {
  if (content) return content.kind === 'file' ? content.bytes : null
  return origin?.kind === 'file' ? origin.bytes : null
}

function StartDetails({ file }: { file: WorkspaceFile }) {
  const bytes = sizeOf(file)
  const { origin } = file
  return (
    <FileFacts path={file.path} open="Show the file">
      <dt>Now</dt>
      <dd>
        As at the start of the session{bytes !== null && `, ${formatBytes(bytes)}`}
        {origin?.kind === 'link' && ', a link'}
      </dd>
      {origin && origin.path !== file.path && (
        <>
          <dt>It was</dt>
          <dd className="mono">
            <AgentText text={origin.path} max={400} bare />
          </dd>
        </>
      )}
    </FileFacts>
  )
}
