import { useEffect, useState } from 'react'
import type { FileContent } from '../../shared/domain/file-changes.ts'
import { type DiffLine, diffLines, type LineDiff } from '../stores/line-diff.ts'
import type { LoadedContent, RecordingSource } from '../stores/recording-source.ts'
import { AgentText } from '../ui/text.tsx'
import { whyNoContent } from '../words/files.ts'

type Loaded =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'diff'; readonly diff: LineDiff }
  | { readonly kind: 'words'; readonly words: string }

/** A content and where it is kept. */
export interface KeptContent {
  readonly content: FileContent
  readonly source: RecordingSource
}

/** What differs between two contents, of one recording or of two. */
export function ContentDiff({ before, after }: { before: KeptContent; after: KeptContent }) {
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading' })
  const { content: first, source: firstSource } = before
  const { content: last, source: lastSource } = after
  useEffect(() => {
    let isOver = false
    Promise.all([load(first, firstSource), load(last, lastSource)]).then(
      ([old, now]) => !isOver && setLoaded(compare(first, last, old, now)),
      () => !isOver && setLoaded({ kind: 'failed' }),
    )
    return () => {
      isOver = true
    }
  }, [first, firstSource, last, lastSource])
  if (loaded.kind === 'loading') return <p className="dim">Reading the recording…</p>
  if (loaded.kind === 'failed')
    return <p className="warn-text">The connection was lost. Open the file again.</p>
  if (loaded.kind === 'words') return <p className="dim">{loaded.words}</p>
  return <DiffView diff={loaded.diff} />
}

const load = (content: FileContent, source: RecordingSource): Promise<LoadedContent | 'none'> =>
  content.kind === 'file' && content.hash !== null
    ? source.content(content.hash)
    : Promise.resolve('none')

function compare(
  before: FileContent,
  after: FileContent,
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

/** All of a text, as far as anybody reads. */
export function ReadableLines({ text }: { text: string }) {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  return (
    <div className="diff-lines mono scroll" tabIndex={0} role="group" aria-label="Content">
      {lines.slice(0, MOST_LINES).map((line, index) => (
        <div key={index} className="diff-line whole">
          <span className="num faint">{index + 1}</span>
          <span className="diff-text">
            {line !== '' && <AgentText text={line} max={2000} bare />}
          </span>
        </div>
      ))}
      {lines.length === 0 && <p className="dim diff-line whole">It is empty.</p>}
      <MoreLines count={lines.length - MOST_LINES} />
    </div>
  )
}

const MoreLines = ({ count }: { count: number }) =>
  count > 0 && <p className="dim">{count.toLocaleString('en')} more lines</p>

export function DiffView({ diff: { lines, added, removed } }: { diff: LineDiff }) {
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
        <MoreLines count={lines.length - MOST_LINES} />
      </div>
    </div>
  )
}
