import { useMemo } from 'react'
import { type ChangedFile, fateOf } from '../../shared/files-projection.ts'
import type { ProcessKey } from '../../shared/domain/process.ts'
import { useSelection } from '../stores/selection.ts'
import { showProcess } from '../stores/show-process.ts'
import { setUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Empty } from '../ui/states.tsx'
import { AgentText } from '../ui/text.tsx'
import { FileFacts, FileLetter, FilePath } from './file-row.tsx'
import { FilterableFiles } from './filterable-files.tsx'
import { MissedFiles } from './missed-files.tsx'
import { FATES, wordsOfWatching } from '../words/files.ts'
import { formatBytes, formatTime, plural } from '../words/format.ts'

/** What became of the workspace, and who did it? */
export function FileList() {
  const state = useView((view) => view.state)
  const subject = useSelection((selection) => selection.subject)
  const files = useMemo(
    () => [...state.files.values()].filter((file) => fateOf(file) !== 'unchanged').sort(byPath),
    // Live, the map is changed in place: the state around it is new.
    [state],
  )
  const path = subject?.kind === 'file' ? subject.path : null
  const chosen = path === null ? undefined : state.files.get(path)
  const { fileWatching } = state
  const missed = useMemo(
    () => [...state.needs.values()].filter(({ outcome }) => outcome === 'absent'),
    [state],
  )
  if (files.length === 0)
    return missed.length > 0 ? (
      <MissedFiles missed={missed} />
    ) : (
      <Empty icon="file" title="No changed files">
        {fileWatching && fileWatching.source !== 'calls'
          ? `${wordsOfWatching(fileWatching)}.`
          : 'Nothing in the workspace has been changed since the session began.'}
      </Empty>
    )
  return (
    <div className="panel-fill" data-testid="file-list">
      <FilterableFiles
        label="Changed files"
        files={files}
        titleOf={countOf}
        row={(file) => <FileRow file={file} />}
        testId="file-rows"
        note={fileWatching?.reason && <p className="panel-note small dim">{fileWatching.reason}</p>}
      />
      {chosen && <FileDetails file={chosen} />}
      {missed.length > 0 && <MissedFiles missed={missed} />}
    </div>
  )
}

const byPath = (a: ChangedFile, b: ChangedFile): number => (a.path < b.path ? -1 : 1)

function countOf(files: readonly ChangedFile[]): string {
  const counts = { added: 0, changed: 0, removed: 0, unchanged: 0 }
  for (const file of files) counts[fateOf(file)]++
  return `${counts.added} added, ${counts.changed} changed, ${counts.removed} removed`
}

function FileRow({ file }: { file: ChangedFile }) {
  const fate = fateOf(file)
  return (
    <div className="file-row" data-testid="file-row" data-path={file.path} data-fate={fate}>
      <FileLetter kind={fate} {...FATES[fate]} />
      <FilePath path={file.path} />
      <WriterName writer={file.writers.at(-1) ?? null} />
    </div>
  )
}

function WriterName({ writer }: { writer: ProcessKey | null }) {
  const name = useView((view) => (writer ? view.state.processes.get(writer)?.name : undefined))
  return (
    <span className="small faint clip file-writer">
      {name === undefined ? 'unknown' : <AgentText text={name} max={24} bare />}
    </span>
  )
}

export function FileDetails({ file }: { file: ChangedFile }) {
  const { now, writers } = file
  return (
    <FileFacts path={file.path} open="Show changes">
      <dt>Now</dt>
      <dd>
        {FATES[fateOf(file)].name}
        {now.kind === 'file' && `, ${formatBytes(now.bytes)}`}
      </dd>
      <dt>Changed</dt>
      <dd className="num">
        {plural(file.changes, 'time')}, last {formatTime(file.lastAtMs)}
      </dd>
      <dt>By</dt>
      <dd className="writers">
        {writers.toReversed().map((key) => (
          <Writer key={key} writer={key} />
        ))}
        {file.hasUnknownWriter && (
          <span>{writers.length > 0 ? 'and somebody' : 'Somebody'} who is not known</span>
        )}
      </dd>
    </FileFacts>
  )
}

/** A process as a way to the tree. */
export function Writer({ writer }: { writer: ProcessKey | null }) {
  const sessionId = useView((view) => view.sessionId)
  const node = useView((view) => (writer ? view.state.processes.get(writer) : undefined))
  if (writer === null) return <span className="faint">Not known</span>
  return (
    <button
      type="button"
      className="link"
      title="Show in the process tree"
      onClick={() => {
        setUi({ file: null })
        showProcess(sessionId, writer)
      }}
    >
      {node ? <AgentText text={node.name} max={40} bare /> : 'A process'}{' '}
      <span className="num faint">{writer.split(':')[0]}</span>
    </button>
  )
}
