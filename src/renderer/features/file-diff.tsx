import { useMemo, useState } from 'react'
import type { FileContent } from '../../shared/domain/file-changes.ts'
import { type FileStep, historyOf } from '../stores/file-history.ts'
import { setUi, useUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Dialog } from '../ui/dialog.tsx'
import { List } from '../ui/list.tsx'
import { AgentText } from '../ui/text.tsx'
import { wordsOfChange } from '../words/files.ts'
import { formatClock } from '../words/format.ts'
import { ContentDiff } from './content-diff.tsx'
import { FileAtMoment } from './file-at-moment.tsx'
import { Writer } from './file-list.tsx'

/** What was changed in one file: since the session began, or by one change of it; or all that is in it. */
export function FileDiff() {
  const path = useUi((state) => state.file)
  return path === null ? null : <OneFile key={path} path={path} />
}

interface Version {
  readonly id: string
  readonly step: FileStep | null
  /** What is compared; null: nothing, the whole file is shown. */
  readonly sides: { readonly before: FileContent; readonly after: FileContent } | null
}

const WHOLE: Version = { id: 'whole', step: null, sides: null }

function OneFile({ path }: { path: string }) {
  const events = useView((view) => view.events)
  const source = useView((view) => view.source)
  const revision = useView((view) => view.revision)
  const untilMs = useView((view) => (view.mode === 'replay' ? view.playheadMs : Infinity))
  const steps = useMemo(
    () => historyOf(events.slice(0, revision), path).filter(({ monoMs }) => monoMs <= untilMs),
    [events, revision, path, untilMs],
  )
  const versions = useMemo(() => versionsOf(steps), [steps])
  const [chosen, setChosen] = useState('all')
  const version = versions.find(({ id }) => id === chosen) ?? WHOLE
  return (
    <Dialog
      title={steps.length > 0 ? 'Changes of a file' : 'A file of the workspace'}
      size="wide"
      onClose={() => setUi({ file: null })}
      testId="file-diff"
    >
      <div className="file-diff">
        <p className="mono file-diff-path">
          <AgentText text={path} max={400} bare />
        </p>
        <List
          label="Changes"
          items={versions}
          keyOf={({ id }) => id}
          rowHeight={40}
          selected={version.id}
          onSelect={({ id }) => setChosen(id)}
          render={(item) => <VersionRow version={item} />}
          testId="file-versions"
        />
        {version.sides ? (
          <ContentDiff
            key={version.id}
            before={{ content: version.sides.before, source }}
            after={{ content: version.sides.after, source }}
          />
        ) : (
          <FileAtMoment path={path} />
        )}
      </div>
    </Dialog>
  )
}

function versionsOf(steps: readonly FileStep[]): Version[] {
  const first = steps[0]
  const last = steps.at(-1)
  if (!first || !last) return [WHOLE]
  const all = { id: 'all', step: null, sides: { before: first.before, after: last.after } }
  const each = steps.map((step) => ({ id: String(step.seq), step, sides: step }))
  return [all, WHOLE, ...each.reverse()]
}

function VersionRow({ version: { step, sides } }: { version: Version }) {
  if (!step)
    return (
      <div className="version-row">
        <span className="session-title">{sides ? 'Whole session' : 'Whole file'}</span>
        <span className="small faint">
          {sides ? 'from its beginning until now' : 'as it is at this moment'}
        </span>
      </div>
    )
  return (
    <div className="version-row">
      <span className="clip" title={wordsOfChange(step)}>
        {wordsOfChange(step).split(' ')[0]}{' '}
        <span className="num faint">{formatClock(step.monoMs)}</span>
      </span>
      <span className="small clip">
        <Writer writer={step.writer} />
      </span>
    </div>
  )
}
