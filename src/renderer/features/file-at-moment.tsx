import { useCallback, useEffect, useMemo, useState } from 'react'
import type { FileContent } from '../../shared/domain/file-changes.ts'
import { whereContent } from '../../shared/workspace-files.ts'
import { useAllFiles } from '../stores/all-files.ts'
import type { LoadedContent } from '../stores/recording-source.ts'
import { useView } from '../stores/view.ts'
import { whyNoContent, whyNotKnown } from '../words/files.ts'
import { formatClock } from '../words/format.ts'
import { ReadableLines } from './content-diff.tsx'

const NOT_THERE = 'It is not there at this moment of the recording.'
const NO_TEXT = 'No text: it cannot be shown.'
const LOST = 'The recording no longer has this content, or it is damaged.'
const FAILED = 'The connection was lost. Open the file again.'

/** A whole file as it is at the playhead, where that is known; otherwise why it is not. */
export function FileAtMoment({ path }: { path: string }) {
  const events = useView((view) => view.events)
  const revision = useView((view) => view.revision)
  const seq = useView((view) => view.state.seq)
  const all = useAllFiles(true)
  const found = useMemo(() => {
    if (all.status !== 'ready') return all.status
    const file = all.browser.file(seq, path)
    return file && { file, where: whereContent(file, events.slice(0, revision), seq) }
  }, [all, path, events, revision, seq])
  if (found === 'loading') return <Reading />
  if (found === 'failed') return <Words>{FAILED}</Words>
  if (!found) return <Words>{NOT_THERE}</Words>
  const { where, file } = found
  switch (where.kind) {
    case 'lost':
      return <Words>{whyNotKnown(where.why)}</Words>
    case 'recorded':
      return <RecordedText content={where.content} untilMs={where.atMs} />
    case 'disk':
      return <TextOnDisk path={file.origin?.path ?? path} now={where.now} />
  }
}

function RecordedText({
  content,
  untilMs,
}: {
  content: FileContent
  /** When it changed next; null: it is as its last change left it. */
  untilMs: number | null
}) {
  const source = useView((view) => view.source)
  const hash = content.kind === 'file' ? content.hash : null
  const load = useCallback(
    () => (hash === null ? Promise.resolve(null) : source.content(hash)),
    [hash, source],
  )
  const loaded = useLoaded(load)
  if (hash === null) return <Words>{whyNoContent(content) ?? LOST}</Words>
  if (loaded === 'loading') return <Reading />
  if (loaded === 'failed') return <Words>{FAILED}</Words>
  return (
    <Shown
      content={loaded ?? 'lost'}
      origin={
        untilMs === null
          ? 'As its last change left it.'
          : `As at the start: what was in it before its next change, at ${formatClock(untilMs)}.`
      }
    />
  )
}

function TextOnDisk({ path, now }: { path: string; now: string }) {
  const source = useView((view) => view.source)
  const load = useCallback(() => source.atStart(path, now), [path, now, source])
  const loaded = useLoaded(load)
  if (loaded === 'loading') return <Reading />
  if (loaded === 'failed') return <Words>{FAILED}</Words>
  if (typeof loaded === 'object' && 'why' in loaded) return <Words>{whyNotKnown(loaded.why)}</Words>
  return (
    <Shown
      content={loaded}
      origin="As at the start: on the disk it is the same file, unchanged since before the session."
    />
  )
}

/** `load`: the same function as long as the same is to be loaded. */
function useLoaded<T>(load: () => Promise<T>): T | 'loading' | 'failed' {
  const [state, setState] = useState<{ load: unknown; value: T | 'failed' } | null>(null)
  useEffect(() => {
    let isOver = false
    load().then(
      (value) => !isOver && setState({ load, value }),
      () => !isOver && setState({ load, value: 'failed' }),
    )
    return () => {
      isOver = true
    }
  }, [load])
  return state?.load === load ? state.value : 'loading'
}

function Shown({ content, origin }: { content: LoadedContent; origin: string }) {
  if (content === 'binary') return <Words>{NO_TEXT}</Words>
  if (content === 'lost') return <Words>{LOST}</Words>
  return (
    <div className="diff" data-testid="file-text">
      <p className="small dim">{origin}</p>
      <ReadableLines text={content.text} />
    </div>
  )
}

const Reading = () => <p className="dim">Reading the file…</p>

const Words = ({ children }: { children: string }) => (
  <p className="dim" data-testid="file-words">
    {children}
  </p>
)
