import { useEffect, useMemo, useState } from 'react'
import type { FileContent } from '../../shared/domain/file-changes.ts'
import { type FileStep, historyOf } from '../stores/file-history.ts'
import { type DiffLine, diffLines, type LineDiff } from '../stores/line-diff.ts'
import type { LoadedContent, RecordingSource } from '../stores/recording-source.ts'
import { setUi, useUi } from '../stores/ui.ts'
import { useView } from '../stores/view.ts'
import { Dialog } from '../ui/dialog.tsx'
import { List } from '../ui/list.tsx'
import { AgentText } from '../ui/text.tsx'
import { wordsOfChange, whyNoContent } from '../words/files.ts'
import { formatClock } from '../words/format.ts'
import { Writer } from './file-list.tsx'

/** What was changed in one file: since the session began, or by one change of it. */
export function FileDiff() {
  const path = useUi((state) => state.file)
  return path === null ? null : <OneFile key={path} path={path} />
}

interface Version {
  readonly id: string
  readonly step: FileStep | null
  readonly before: FileContent
  readonly after: FileContent
}

function OneFile({ path }: { path: string }) {
  const events = useView((view) => view.events)
  const revision = useView((view) => view.revision)
  const untilMs = useView((view) => (view.mode === 'replay' ? view.playheadMs : Infinity))
  const steps = useMemo(
    () => historyOf(events.slice(0, revision), path).filter(({ monoMs }) => monoMs <= untilMs),
    [events, revision, path, untilMs],
  )
  const versions = useMemo(() => versionsOf(steps), [steps])
  const [chosen, setChosen] = useState('all')
  const version = versions.find(({ id }) => id === chosen) ?? versions[0]
  return (
    <Dialog
      title="Changes of a file"
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
          selected={version?.id ?? null}
          onSelect={({ id }) => setChosen(id)}
          render={(item) => <VersionRow version={item} />}
          testId="file-versions"
        />
        {version ? (
          <Difference key={version.id} version={version} />
        ) : (
          <p className="dim">This file has not been changed yet at this moment of the recording.</p>
        )}
      </div>
    </Dialog>
  )
}

function versionsOf(steps: readonly FileStep[]): Version[] {
  const first = steps[0]
  const last = steps.at(-1)
  if (!first || !last) return []
  const all = { id: 'all', step: null, before: first.before, after: last.after }
  const each = steps.map((step) => ({
    ...{ id: String(step.seq), step },
    ...{ before: step.before, after: step.after },
  }))
  return [all, ...each.reverse()]
}

function VersionRow({ version: { step } }: { version: Version }) {
  if (!step)
    return (
      <div className="version-row">
        <span className="session-title">Whole session</span>
        <span className="small faint">from its beginning until now</span>
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

type Loaded =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'diff'; readonly diff: LineDiff }
  | { readonly kind: 'words'; readonly words: string }

function Difference({ version }: { version: Version }) {
  const source = useView((view) => view.source)
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading' })
  const { before, after } = version
  useEffect(() => {
    let isOver = false
    Promise.all([load(source, before), load(source, after)]).then(
      ([old, now]) => !isOver && setLoaded(compare(version, old, now)),
      () => !isOver && setLoaded({ kind: 'failed' }),
    )
    return () => {
      isOver = true
    }
  }, [source, version, before, after])
  if (loaded.kind === 'loading') return <p className="dim">Reading the recording…</p>
  if (loaded.kind === 'failed')
    return <p className="warn-text">The connection was lost. Open the file again.</p>
  if (loaded.kind === 'words') return <p className="dim">{loaded.words}</p>
  return <DiffView diff={loaded.diff} />
}

const load = (source: RecordingSource, content: FileContent): Promise<LoadedContent | 'none'> =>
  content.kind === 'file' && content.hash !== null
    ? source.content(content.hash)
    : Promise.resolve('none')

function compare(
  { before, after }: Version,
  old: LoadedContent | 'none',
  now: LoadedContent | 'none',
): Loaded {
  if (old === 'binary' || now === 'binary')
    return { kind: 'words', words: 'No text: the contents are kept, but cannot be shown.' }
  if (old === 'lost' || now === 'lost')
    return { kind: 'words', words: 'The recording no longer has this content, or it is damaged.' }
  if (old === 'none' && before.kind !== 'absent')
    return { kind: 'words', words: `Before: ${whyNoContent(before) ?? ''}` }
  if (now === 'none' && after.kind !== 'absent')
    return { kind: 'words', words: `After: ${whyNoContent(after) ?? ''}` }
  const text = (content: LoadedContent | 'none'): string =>
    typeof content === 'string' ? '' : content.text
  const diff = diffLines(text(old), text(now))
  if (!diff) return { kind: 'words', words: 'The two have too little in common to be compared.' }
  return diff.lines.length === 0
    ? { kind: 'words', words: 'The same before and after.' }
    : { kind: 'diff', diff }
}

const SIGNS: Readonly<Record<DiffLine['kind'], string>> = {
  ...{ same: ' ', added: '+', removed: '−', gap: '⋯' },
}
/** More is not read by anybody. */
const MOST_LINES = 5000

function DiffView({ diff: { lines, added, removed } }: { diff: LineDiff }) {
  return (
    <div className="diff" data-testid="diff">
      <p className="small num">
        <span className="added">+{added}</span> <span className="removed">−{removed}</span>
      </p>
      <div className="diff-lines mono scroll" tabIndex={0} role="group" aria-label="Difference">
        {lines.slice(0, MOST_LINES).map((line, index) => (
          <div key={index} className={`diff-line ${line.kind}`}>
            <span className="num faint">{line.kind === 'gap' ? '' : (line.before ?? '')}</span>
            <span className="num faint">{line.kind === 'gap' ? '' : (line.after ?? '')}</span>
            <span aria-hidden="true">{SIGNS[line.kind]}</span>
            <span className="diff-text">
              {line.text !== '' && <AgentText text={line.text} max={2000} bare />}
            </span>
          </div>
        ))}
        {lines.length > MOST_LINES && (
          <p className="dim">{(lines.length - MOST_LINES).toLocaleString('en')} more lines</p>
        )}
      </div>
    </div>
  )
}
